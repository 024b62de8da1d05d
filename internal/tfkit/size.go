package tfkit

import (
	"context"
	"fmt"
	"math"
	"regexp"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/attr/xattr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

var (
	sizePattern = regexp.MustCompile(`^(\d+)[ \t]?(?:([KMGTPE])(?:iB)?|B)?$`)
	sizeUnits   = []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}
)

// ParseSize turns a size as in a configuration ("30GiB", "30720M", "512") into bytes. The units are powers of 1024, as for rbd. "30GB" is
// an error, because readers disagree on what it means.
func ParseSize(size string) (uint64, error) {
	match := sizePattern.FindStringSubmatch(size)
	if match == nil {
		return 0, &problem.Problem{
			Kind: problem.Invalid,
			What: fmt.Sprintf("%q is not a size.", size),
			Do: "Write a whole number of bytes, or one with a unit of 1024: KiB, MiB, GiB, TiB, PiB or its first letter," +
				" as in \"30GiB\" or \"30720M\". Decimal units such as GB are not accepted.",
		}
	}
	count, err := strconv.ParseUint(match[1], 10, 64)
	shift := 0
	if match[2] != "" {
		for i, unit := range sizeUnits {
			if unit[:1] == match[2] {
				shift = 10 * i
			}
		}
	}
	if err != nil || count > math.MaxInt64>>shift {
		return 0, &problem.Problem{Kind: problem.Invalid, What: fmt.Sprintf("%q is more than 8 EiB.", size), Do: "Write a smaller size."}
	}
	return count << shift, nil
}

// FormatSize writes bytes with the largest unit that leaves no remainder: 32212254720 is "30GiB".
func FormatSize(bytes uint64) string {
	unit := 0
	for bytes != 0 && bytes%1024 == 0 && unit < len(sizeUnits)-1 {
		bytes /= 1024
		unit++
	}
	if unit == 0 {
		return strconv.FormatUint(bytes, 10)
	}
	return strconv.FormatUint(bytes, 10) + sizeUnits[unit]
}

// SizeType is the type of an attribute that holds a size. Two spellings of the same size are equal.
type SizeType struct{ basetypes.StringType }

// Size is a value of [SizeType].
type Size struct{ basetypes.StringValue }

var (
	_ basetypes.StringTypable                    = SizeType{}
	_ basetypes.StringValuableWithSemanticEquals = Size{}
	_ xattr.ValidateableAttribute                = Size{}
)

// SizeNull is an absent size.
func SizeNull() Size { return Size{types.StringNull()} }

// SizeUnknown is a size that is known after apply.
func SizeUnknown() Size { return Size{types.StringUnknown()} }

// SizeOf is the size of that many bytes.
func SizeOf(bytes uint64) Size { return Size{types.StringValue(FormatSize(bytes))} }

// Bytes is the number of bytes of a known and valid size; 0 for any other.
func (v Size) Bytes() uint64 {
	bytes, err := ParseSize(v.ValueString())
	if err != nil {
		return 0
	}
	return bytes
}

// BytesPointer is the number of bytes of a known size; nil for any other.
func (v Size) BytesPointer() *int64 {
	if v.IsNull() || v.IsUnknown() {
		return nil
	}
	bytes := int64(v.Bytes()) //nolint:gosec // ParseSize takes at most 8 EiB
	return &bytes
}

// String describes the type.
func (t SizeType) String() string { return "SizeType" }

// Equal reports whether the other type is a size too.
func (t SizeType) Equal(other attr.Type) bool {
	_, ok := other.(SizeType)
	return ok
}

// ValueType returns a size.
func (t SizeType) ValueType(context.Context) attr.Value { return Size{} }

// ValueFromString turns a string into a size.
func (t SizeType) ValueFromString(_ context.Context, in basetypes.StringValue) (basetypes.StringValuable, diag.Diagnostics) {
	return Size{in}, nil
}

// ValueFromTerraform turns a value of the plugin protocol into a size.
func (t SizeType) ValueFromTerraform(ctx context.Context, in tftypes.Value) (attr.Value, error) {
	value, err := t.StringType.ValueFromTerraform(ctx, in)
	if err != nil {
		return nil, err
	}
	return Size{value.(basetypes.StringValue)}, nil //nolint:forcetypeassert // StringType makes no other value
}

// Type returns SizeType.
func (v Size) Type(context.Context) attr.Type { return SizeType{} }

// Equal reports whether both have the same spelling.
func (v Size) Equal(other attr.Value) bool {
	o, ok := other.(Size)
	return ok && v.StringValue.Equal(o.StringValue)
}

// StringSemanticEquals reports whether both are the same number of bytes.
func (v Size) StringSemanticEquals(_ context.Context, other basetypes.StringValuable) (bool, diag.Diagnostics) {
	o, ok := other.(Size)
	return ok && sameSize(v.ValueString(), o.ValueString()), nil
}

// ValidateAttribute refuses a text that is not a size.
func (v Size) ValidateAttribute(_ context.Context, req xattr.ValidateAttributeRequest, resp *xattr.ValidateAttributeResponse) {
	if v.IsNull() || v.IsUnknown() {
		return
	}
	if _, err := ParseSize(v.ValueString()); err != nil {
		AddAttributeError(&resp.Diagnostics, req.Path, "Invalid size", err)
	}
}

// sameSize reports whether two sizes are the same number of bytes.
func sameSize(a, b string) bool {
	x, errX := ParseSize(a)
	y, errY := ParseSize(b)
	return errX == nil && errY == nil && x == y
}

// PositiveSize refuses a size of 0: to have none, the argument is left out.
func PositiveSize() validator.String { return positiveSize{} }

type positiveSize struct{ Described }

func (positiveSize) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if bytes, err := ParseSize(req.ConfigValue.ValueString()); err == nil && bytes == 0 {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid size", "A size of 0 has no use here. To set none, leave the argument out.")
	}
}
