# The rule that every cluster has from its start: which buckets never hold two copies.
data "ceph_crush_rule" "replicated" {
  cluster = "east"
  name    = "replicated_rule"
}

output "replicated_failure_domain" {
  value = data.ceph_crush_rule.replicated.failure_domain
}
