# What Terraform itself costs: a resource of its own, without any provider or cluster behind it.

resource "terraform_data" "many" {
  count = var.n
  input = count.index
}
