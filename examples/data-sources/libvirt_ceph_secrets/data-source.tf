# The ceph secrets of a host whose usage name begins with "client.". No value is read into the state.
data "libvirt_ceph_secrets" "clients" {
  provider     = ceph
  hypervisor   = "kvm1"
  name_pattern = "client.*"
}

output "secret_uuids" {
  value = { for secret in data.libvirt_ceph_secrets.clients.secrets : secret.usage_name => secret.uuid }
}
