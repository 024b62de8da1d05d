# The users of a cluster, without those that Ceph makes for itself. No key is read into the state.
data "ceph_users" "all" {
  cluster = "east"
}

output "users_caps" {
  value = {
    for user in data.ceph_users.all.users : user.id => user.caps
    if user.name != "admin" && !startswith(user.name, "bootstrap-")
  }
}
