"""Object storage."""

from stackyard.adapters.blobs.s3 import (
    AwsRegion,
    BlobStoreRefusedError,
    BlobStoreUnavailableError,
    BucketUnnamedError,
    S3Blobs,
    S3Endpoint,
)

__all__ = [
    "AwsRegion",
    "BlobStoreRefusedError",
    "BlobStoreUnavailableError",
    "BucketUnnamedError",
    "S3Blobs",
    "S3Endpoint",
]
