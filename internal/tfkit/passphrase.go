package tfkit

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/sensitive"
)

// GivenPassphrase is the passphrase in an argument, byte for byte, and what is wrong with it.
func GivenPassphrase(argument types.String) (sensitive.Value, error) {
	text := argument.ValueString()
	p := &problem.Problem{Kind: problem.Invalid, Do: "Choose another one."}
	switch {
	case text == "":
		p.What = "The passphrase is empty."
		return sensitive.Value{}, p
	case strings.Contains(text, "\x00"):
		p.What = "The passphrase has a character NUL."
		p.Why = "For QEMU it ends there, so that no guest could open the image."
		return sensitive.Value{}, p
	}
	return sensitive.New([]byte(text)), nil
}

// PassphraseValidator refuses a text that can't be the passphrase of an encrypted image.
func PassphraseValidator() validator.String { return passphraseValidator{} }

type passphraseValidator struct{ Described }

// ValidateString is called by the framework.
func (passphraseValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if _, err := GivenPassphrase(req.ConfigValue); err != nil {
		AddAttributeError(&resp.Diagnostics, req.Path, "Invalid passphrase", err)
	}
}
