"""What others load from us, by the protocols of Terraform's registries."""
