module github.com/ceph-libvirt/terraform-provider-ceph

go 1.25.8

require (
	github.com/ceph/go-ceph v0.41.0
	github.com/digitalocean/go-libvirt v0.0.0-20261013170128-efbbdf578ac8
	github.com/google/uuid v1.6.0
	github.com/hashicorp/terraform-plugin-framework v1.19.0
	github.com/hashicorp/terraform-plugin-framework-timeouts v0.7.0
	github.com/hashicorp/terraform-plugin-framework-validators v0.19.0
	github.com/hashicorp/terraform-plugin-go v0.31.0
	github.com/hashicorp/terraform-plugin-log v0.11.0
	github.com/hashicorp/terraform-plugin-testing v1.16.0
	libvirt.org/go/libvirtxml v1.12002.0
	github.com/hashicorp/hc-install v0.9.4
	github.com/hashicorp/terraform-exec v0.25.0
	github.com/hashicorp/terraform-json v0.27.2
	github.com/cavaliergopher/cpio v1.0.1
	golang.org/x/sync v0.20.0
)
