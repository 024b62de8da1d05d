# Takes the place of found.tf when the estate has been adopted: from then on a file says what is wanted.
locals {
  estate = jsondecode(file("${path.module}/estate.json"))
}
