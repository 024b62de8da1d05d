package tfkit

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"
)

func TestParseSize(t *testing.T) {
	for text, want := range map[string]uint64{
		"0": 0, "512": 512, "1B": 1, "1K": 1024, "1KiB": 1024, "4MiB": 4 << 20, "30GiB": 30 << 30, "30720M": 30 << 30, "30 GiB": 30 << 30,
		"2T": 2 << 40, "1PiB": 1 << 50, "7EiB": 7 << 60,
	} {
		if got, err := ParseSize(text); err != nil || got != want {
			t.Errorf("%s is %d, %v; want %d", text, got, err, want)
		}
	}
	for text, says := range map[string]string{
		"": "is not a size", "30GB": "not a size", "30gib": "not a size", "-1": "not a size", "1.5GiB": "not a size", "GiB": "not a size",
		"9EiB": "more than 8 EiB", "99999999999999999999": "more than 8 EiB",
	} {
		if got, err := ParseSize(text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q is %d, %v", text, got, err)
		}
	}
}

func TestFormatSizeParsesBack(t *testing.T) {
	for bytes, want := range map[uint64]string{
		0: "0", 512: "512", 1024: "1KiB", 30 << 30: "30GiB", 30<<30 + 1: "32212254721",
		1536 << 20: "1536MiB",
	} {
		got := FormatSize(bytes)
		if back, err := ParseSize(got); got != want || back != bytes || err != nil {
			t.Errorf("%d is %q (%d), want %q", bytes, got, back, want)
		}
	}
}

func TestSizeMeaning(t *testing.T) {
	same, _ := SizeOf(30<<30).StringSemanticEquals(t.Context(), Size{types.StringValue("30720M")})
	if !same {
		t.Error("30GiB and 30720M are the same size")
	}
	same, _ = SizeOf(30<<30).StringSemanticEquals(t.Context(), Size{types.StringValue("30721M")})
	if same {
		t.Error("30GiB and 30721M are not the same size")
	}
}
