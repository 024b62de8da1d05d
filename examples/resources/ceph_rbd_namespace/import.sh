# CLUSTER/POOL/NAMESPACE
terraform import ceph_rbd_namespace.team_a east/vms/team-a
