package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// refusedOptions are options that would write a key, or librados' log about one, into a file.
var refusedOptions = []string{"key", "keyring", "keyfile", "log_file", "log_to_stderr", "err_to_stderr", "admin_socket"}

// argumentFor names the argument that sets an option. The option would override it.
var argumentFor = map[string]string{
	"mon_host": "mon_host", "client_mount_timeout": "connect_timeout",
	"rados_mon_op_timeout": "operation_timeout", "rados_osd_op_timeout": "operation_timeout",
}

type optionValidator struct{ tfkit.Described }

func (optionValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	// Ceph reads "log file" and "log-file" as log_file.
	name := strings.Join(strings.FieldsFunc(req.ConfigValue.ValueString(),
		func(r rune) bool { return unicode.IsSpace(r) || r == '-' || r == '_' }), "_")
	if argument := argumentFor[name]; argument != "" {
		resp.Diagnostics.AddAttributeError(req.Path, "Refused client option",
			fmt.Sprintf("The option %q has an argument of its own. Set %s instead.", req.ConfigValue.ValueString(), argument))
	}
	if slices.Contains(refusedOptions, name) || strings.HasPrefix(name, "debug_") {
		resp.Diagnostics.AddAttributeError(req.Path, "Refused client option",
			fmt.Sprintf("The option %q can't be set here, because it could bring a key into a file or a log."+
				" A key is given by the arguments key or keyring_file.", req.ConfigValue.ValueString()))
	}
}

type uriValidator struct{ tfkit.Described }

func (uriValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if _, err := libvirt.NewHost(libvirt.Config{URI: req.ConfigValue.ValueString()}); err != nil {
		tfkit.AddAttributeError(&resp.Diagnostics, req.Path, "Invalid libvirt URI", err)
	}
}
