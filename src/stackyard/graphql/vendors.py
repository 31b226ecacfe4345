"""The union of the tools' settings."""

from typing import Any

from ariadne import UnionType

from stackyard.stacks import Vendor, vendor_name

vendor_config = UnionType("StackConfigVendor")
bindables = [vendor_config]


@vendor_config.type_resolver
def resolve_vendor_type(vendor: Vendor, *_: Any) -> str:
    return f"StackConfigVendor{vendor_name(vendor)}"
