package tfkit

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// Described is embedded in validators whose rule is in the attribute's own description.
type Described struct{}

// Description is required by the framework and shown nowhere.
func (Described) Description(context.Context) string { return "see the attribute's description" }

// MarkdownDescription is required by the framework and shown nowhere.
func (Described) MarkdownDescription(context.Context) string {
	return "see the attribute's description"
}

// KeyValidator refuses a text that can't be a cephx key in base64.
func KeyValidator() validator.String { return keyValidator{} }

// UUIDValidator refuses a text that is not a UUID.
func UUIDValidator() validator.String { return uuidValidator{} }

// UserValidator refuses a cephx user's name that is empty or begins with its type.
func UserValidator() validator.String { return userValidator{} }

type userValidator struct{ Described }

func (userValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if why := userNameProblem(req.ConfigValue.ValueString()); why != "" {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid user name", why)
	}
}

// userNameProblem says what is wrong with the name of a cephx user without its type; empty where nothing is.
func userNameProblem(text string) string {
	name, prefixed := strings.CutPrefix(text, "client.")
	switch {
	case prefixed:
		return fmt.Sprintf("Write the user's name without \"client.\": %q.", name)
	case name == "":
		return "The name is empty."
	case strings.ContainsFunc(name, breaksNames):
		return fmt.Sprintf("The name %q contains what a keyring or an id can't hold: a slash, a bracket, a quote, a comma, white"+
			" space or a control character.",
			name)
	}
	return ""
}

// UserOf is the name of the user whose full name is entity, without its type; the error says what is wrong with it.
func UserOf(entity string) (string, error) {
	name, full := strings.CutPrefix(entity, "client.")
	what, why := fmt.Sprintf("%q is not the full name of a user.", entity), userNameProblem(name)
	if !full {
		// Nor is it shown: the two arguments of keyring are easily exchanged, and then it is the key.
		what, why = "This is not the full name of a user.", "It does not begin with the type of a user, \"client.\"."
	}
	if why == "" {
		return name, nil
	}
	return "", &problem.Problem{
		Kind: problem.Invalid, What: what, Why: why,
		Do: "Write it with its type, as in \"client.libvirt\", or use the attribute entity of the ceph_user.",
	}
}

func breaksNames(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune(`/[]"',=`, r)
}

type keyValidator struct{ Described }

func (keyValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if err := KeyOf(req.ConfigValue).Check(); err != nil {
		AddAttributeError(&resp.Diagnostics, req.Path, "Invalid cephx key", err)
	}
}

// Duration refuses a text that is no duration above zero.
type Duration struct {
	Described

	WholeSeconds bool // what is no whole number of seconds is refused too
	Zero         bool // zero is taken too
}

// ValidateString is called by the framework.
func (v Duration) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	duration, err := time.ParseDuration(req.ConfigValue.ValueString())
	switch {
	case err != nil || duration < 0 || duration == 0 && !v.Zero:
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid duration",
			fmt.Sprintf("%q is not a positive duration such as \"30s\" or \"5m\".", req.ConfigValue.ValueString()))
	case v.WholeSeconds && duration%time.Second != 0:
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid duration",
			fmt.Sprintf("%q is not a whole number of seconds, which is what the Ceph client takes.", req.ConfigValue.ValueString()))
	}
}

type uuidValidator struct{ Described }

func (uuidValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if err := uuid.Validate(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid UUID",
			fmt.Sprintf("%q is not a UUID such as 6a085c23-2177-242d-7661-c785df7f6230.", req.ConfigValue.ValueString()))
	}
}

// Matches refuses a text that does not match a regular expression, with an error of these words.
func Matches(form, words string) validator.String {
	return stringvalidator.RegexMatches(regexp.MustCompile(form), words)
}

// CrushName refuses what the monitors refuse in a name of the CRUSH map, or of an erasure code profile.
func CrushName(what string) validator.String {
	return Matches(`^[A-Za-z0-9_.-]+$`, "must be "+what+`: letters, digits, "-", "_" and "."`)
}

// ImageSpecPart refuses a name that could not be a part of an id or of POOL/NAMESPACE/IMAGE@SNAPSHOT.
func ImageSpecPart(what string) validator.String {
	return Matches(`^[^/@\s\p{Cc}\x{FFFE}\x{FFFF}]+$`, "must be "+what+`: not empty, without "/", "@", spaces or control characters`)
}

// PlainText refuses characters that end a text in C, or that XML can't hold: the object of another name would be meant.
func PlainText() validator.String {
	return Matches(`^[^\x00-\x08\x0b\x0c\x0e-\x1f\x{FFFE}\x{FFFF}]*$`, "must be a text without control characters")
}

// Choice refuses a value that is not in the list. Leaving the argument out selects a default.
type Choice struct {
	Described
	Values  []string
	Default string // whose default applies where the argument is left out, such as "the hypervisor's"
}

// ValidateString is called by the framework.
func (v Choice) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if value := req.ConfigValue; !value.IsNull() && !value.IsUnknown() && !slices.Contains(v.Values, value.ValueString()) {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid value", fmt.Sprintf(
			"%q is none of \"%s\". Leave the attribute out for %s default.", value.ValueString(), strings.Join(v.Values, "\", \""), v.Default))
	}
}

// LabelValidator refuses a label that could not be a part of an id.
func LabelValidator() validator.String {
	return Matches(`^[^/\s]+$`, `must be a label of the provider block: not empty, without "/" or spaces`)
}
