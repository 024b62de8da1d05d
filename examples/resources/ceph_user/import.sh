# CLUSTER/NAME, the name without "client.".
terraform import ceph_user.libvirt east/libvirt
