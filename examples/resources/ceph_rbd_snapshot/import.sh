# CLUSTER/POOL/IMAGE@SNAPSHOT, or CLUSTER/POOL/NAMESPACE/IMAGE@SNAPSHOT.
terraform import ceph_rbd_snapshot.before_upgrade east/vms/data@before-upgrade
