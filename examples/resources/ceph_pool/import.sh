# CLUSTER/POOL, with the label of the cluster in the provider block.
terraform import ceph_pool.vms east/vms
