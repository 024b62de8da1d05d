package stubs

import (
	"fmt"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// oldest is the oldest release that has all functions without a release of their own.
const oldest = "16.2 (pacific)"

// notLoaded says that a library can't be loaded; reply is the loader's text.
func notLoaded(library, reply string) error {
	return &problem.Problem{
		Kind: problem.Unsupported,
		Why:  fmt.Sprintf("Ceph's client library %s can't be loaded on this machine, on which Terraform runs.", library),
		Do: "Install librados2 and librbd1. Debian and Ubuntu: apt-get install librados2 librbd1. RHEL and Fedora: dnf install librados2" +
			" librbd1. What only needs libvirt works without them.",
		Raw: reply,
	}
}

// tooOld says that a library lacks a function which all supported releases have. The release is empty where it isn't known.
func tooOld(library, release, function string) error {
	return &problem.Problem{
		Kind: problem.Unsupported,
		Why: fmt.Sprintf("Ceph's client library %s%s on this machine is too old: it lacks %s, which is in Ceph %s and newer.", library,
			ofCeph(release), function, oldest),
		Do: "Upgrade librados2 and librbd1 on this machine, from Ceph's own repository where the system has no newer ones.",
	}
}

func ofCeph(release string) string {
	if release == "" {
		return ""
	}
	return " of Ceph " + release
}
