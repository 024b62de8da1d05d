# CLUSTER/PROFILE
terraform import ceph_erasure_code_profile.archive east/archive
