//go:build cgo

package cephuser_test

import (
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// A key that ignore_changes names stays as it is when something else is changed, and one that is only written stays out of the state.
func TestAccCephUser_ignoreChanges(t *testing.T) {
	const otherCaps = `caps = { mon = "profile rbd", osd = "profile rbd pool=ignored" }`
	one, two := cephxKey(1), cephxKey(2)
	ignored := func(caps string, arguments ...string) string { return user("ignored", append(arguments, caps)...) }
	chosen, ignoringKey := fmt.Sprintf("key = %q", one), "lifecycle { ignore_changes = [key] }"
	run(t, "ignored",
		resource.TestStep{Config: ignored(someCaps, chosen)},
		resource.TestStep{
			PreConfig: func() { giveKey(t, "ignored", two) },
			Config:    ignored(otherCaps, chosen, ignoringKey), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check: resource.ComposeTestCheckFunc(
				acctest.Check(t, "ignored", key, two), resource.TestCheckResourceAttr(address, "key", two),
				acctest.Check(t, "ignored", caps, "mon: profile rbd; osd: profile rbd pool=ignored"),
			),
		},
		resource.TestStep{Config: ignored(otherCaps, chosen), Check: acctest.Check(t, "ignored", key, one)},
	)
	written := []string{fmt.Sprintf("key_wo = %q", one), `key_wo_version = "1"`}
	ignoringWritten := append([]string{"lifecycle { ignore_changes = [key_wo] }"}, written...)
	run(t, "ignored",
		resource.TestStep{Config: ignored(someCaps, written...)},
		resource.TestStep{
			Config: ignored(otherCaps, ignoringWritten...), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check: resource.ComposeTestCheckFunc(hasKey(t, "ignored", one), resource.TestCheckResourceAttr(address, "key_in_state", "false")),
		},
	)
}
