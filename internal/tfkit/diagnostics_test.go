package tfkit

import (
	"errors"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

func TestWarnIfUnknown(t *testing.T) {
	var diags diag.Diagnostics
	if WarnIfUnknown(&diags, errors.New("lost connection")) || diags.WarningsCount() != 0 {
		t.Error("a lost connection must stay an error")
	}
	if !WarnIfUnknown(&diags, &problem.Problem{Kind: problem.Unknown}) || diags.WarningsCount() != 1 {
		t.Error("an unknown configuration must be a warning")
	}
}
