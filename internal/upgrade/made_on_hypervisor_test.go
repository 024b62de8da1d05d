//go:build cgo

package upgrade_test

import (
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// secrets are the definitions of the hypervisor's secrets, and the values of those that are not private.
func secrets(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	for line := range strings.Lines(acctest.Virsh(t, hypervisor, "secret-list")) {
		uuid := strings.Fields(line)[0]
		text := acctest.Virsh(t, hypervisor, "secret-dumpxml", uuid)
		files[uuid+".secret.xml"] = text
		if !strings.Contains(text, "private='yes'") {
			files[uuid+".secret.key"] = acctest.Virsh(t, hypervisor, "secret-get-value", uuid)
		}
	}
	return files
}

// disks are the network disks of all domains, in the saved and in the live definition.
func disks(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	for domain := range strings.Lines(acctest.Virsh(t, hypervisor, "list", "--all", "--name")) {
		if domain = strings.TrimSpace(domain); domain == "" {
			continue
		}
		info := acctest.Virsh(t, hypervisor, "dominfo", domain)
		if persistent(info) {
			addDisks(t, files, domain, true)
		}
		if active(info) {
			addDisks(t, files, domain, false)
		}
	}
	return files
}

func addDisks(t *testing.T, files map[string]string, domain string, saved bool) {
	t.Helper()
	kind := map[bool]string{true: "saved", false: "live"}[saved]
	for _, disk := range acctest.DomainOf(t, hypervisor, domain, saved).Devices.Disks {
		if disk.Source == nil || disk.Source.Network == nil {
			continue
		}
		disk.Source.Index = 0 // libvirt's number of the disk in this run of the domain
		files[domain+"."+disk.Target.Dev+"."+kind+".xml"] = acctest.XML(t, &disk)
	}
}

func persistent(info string) bool { return strings.Contains(info, "Persistent:     yes") }

func active(info string) bool { return !strings.Contains(info, "State:          shut off") }
