# Built-in resources only: the demo needs no network and no cloud.

variable "environment" {
  type    = string
  default = "demo"
}

resource "terraform_data" "network" {
  input = { name = "${var.environment}-network", range = "10.0.0.0/16" }
}

resource "terraform_data" "subnet" {
  for_each = { a = 1, b = 2 }
  input    = cidrsubnet(terraform_data.network.output.range, 8, each.value)
}

output "network" {
  value = terraform_data.network.output.name
}

output "subnets" {
  value = { for zone, subnet in terraform_data.subnet : zone => subnet.output }
}
