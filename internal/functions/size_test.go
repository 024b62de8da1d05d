package functions_test

import (
	"math"
	"math/big"
	"testing"
)

func TestSize(t *testing.T) {
	for bytes, want := range map[int64]string{
		0: "0", 1000: "1000", 1024: "1KiB", 30 << 30: "30GiB", 1<<40 + 1<<30: "1025GiB", 1 << 62: "4EiB", math.MaxInt64: "9223372036854775807",
	} {
		expect(t, "size", text(want), number(bytes))
	}
	for _, bytes := range []any{-1, 1.5, new(big.Float).SetMantExp(big.NewFloat(1), 63)} {
		expectRefusal(t, "size", 0, "is not a number of bytes", number(bytes))
	}
}
