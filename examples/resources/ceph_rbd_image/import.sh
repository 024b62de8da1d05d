# CLUSTER/POOL/IMAGE, or CLUSTER/POOL/NAMESPACE/IMAGE.
terraform import ceph_rbd_image.data east/vms/data
