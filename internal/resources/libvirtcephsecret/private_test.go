//go:build cgo

package libvirtcephsecret_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// valueFile is the file in which libvirt stores a value. The value of a private secret can be read only there.
func valueFile(t *testing.T, id string) string {
	t.Helper()
	return filepath.Join(acctest.Bed(t).Dir, "kvm1", "config", "libvirt", "secrets", id+".base64")
}

// stores checks that a secret is private and that libvirt has stored this value.
func stores(t *testing.T, id, want string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		if got := value(t, "kvm1", id); got != "private" {
			return fmt.Errorf("the value is %q, not private", got)
		}
		got, err := os.ReadFile(valueFile(t, id))
		if err == nil && strings.TrimSpace(string(got)) != want {
			err = fmt.Errorf("libvirt has stored %q, want %q", got, want)
		}
		return err
	}
}

// libvirt does not show whether a private secret has a value, so a secret whose value could not be set is not made private: the next plan
// notices that and completes it.
func TestAccLibvirtCephSecret_privateWithoutValue(t *testing.T) {
	acctest.Bed(t)
	key := cephxKey(1)
	for name, assignments := range map[string][]string{
		"key":    {fmt.Sprintf("key = %q", key)},
		"key_wo": {fmt.Sprintf("key_wo = %q", key), `key_wo_version = "1"`},
	} {
		t.Run(name, func(t *testing.T) {
			usage := "private without value, " + name
			id := defaultUUID(usage)
			config := acctest.Provider(t) + secretBlock(usage, append(assignments, "private = true")...)
			inTheWay := valueFile(t, id)
			resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
				{
					// libvirt can't write the value because a folder has the file's name.
					PreConfig: func() {
						if err := os.MkdirAll(inTheWay, 0o755); err != nil {
							t.Fatal(err)
						}
					},
					Config: config, ExpectNonEmptyPlan: true,
					Check: func(*terraform.State) error {
						if got := value(t, "kvm1", id); got != "none" {
							return fmt.Errorf("the value is %q, although it can't have been stored", got)
						}
						return nil
					},
				},
				{
					PreConfig: func() {
						if err := os.Remove(inTheWay); err != nil {
							t.Fatal(err)
						}
					},
					Config: config, ConfigPlanChecks: planned(plancheck.ResourceActionUpdate), Check: stores(t, id, key),
				},
				{Config: config, ConfigPlanChecks: planned(plancheck.ResourceActionNoop)},
			}})
		})
	}
}

// A secret that an interrupted create left, not private yet, is completed by the next one.
func TestAccLibvirtCephSecret_interruptedPrivate(t *testing.T) {
	acctest.Bed(t)
	const usage = "cut off before it was private"
	id, key := defaultUUID(usage), cephxKey(1)
	config := acctest.Provider(t) + secretBlock(usage, fmt.Sprintf("key = %q", key), "private = true")
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{PreConfig: func() { define(t, "kvm1", id, usage) }, Config: config, Check: stores(t, id, key)},
		{Config: config, ConfigPlanChecks: planned(plancheck.ResourceActionNoop)},
	}})
}
