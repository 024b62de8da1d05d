# CLUSTER/RULE, with the label of the cluster in the provider block.
terraform import ceph_crush_rule.fast east/fast
