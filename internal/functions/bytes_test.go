package functions_test

import (
	"math"
	"testing"
)

func TestBytes(t *testing.T) {
	for size, want := range map[string]int64{
		"0": 0, "512": 512, "30GiB": 30 << 30, "30720M": 30 << 30, "1TiB": 1 << 40, "9223372036854775807": math.MaxInt64,
	} {
		expect(t, "bytes", number(want), text(size))
	}
	for _, size := range []string{"", "30GB", "-1", "1.5GiB", "much"} {
		expectRefusal(t, "bytes", 0, "is not a size", text(size))
	}
	expectRefusal(t, "bytes", 0, "is more than 8 EiB", text("9EiB"))
}
