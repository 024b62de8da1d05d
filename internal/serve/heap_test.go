package serve

import (
	"math"
	"runtime/debug"
	"testing"
)

// The heap's settings as they are after growHeap, which the environment may set.
func TestGrowHeap(t *testing.T) {
	percent, limit := debug.SetGCPercent(100), debug.SetMemoryLimit(math.MaxInt64)
	defer func() { debug.SetGCPercent(percent); debug.SetMemoryLimit(limit) }()
	for name, test := range map[string]struct {
		environment map[string]string
		percent     int
		limit       int64
	}{
		"nothing":             {nil, heapGrowth, memoryLimit},
		"the growth is set":   {map[string]string{"GOGC": "50"}, 100, memoryLimit},
		"the limit is set":    {map[string]string{"GOMEMLIMIT": "1GiB"}, heapGrowth, math.MaxInt64},
		"the user sets both":  {map[string]string{"GOGC": "off", "GOMEMLIMIT": "off"}, 100, math.MaxInt64},
		"empty counts as not": {map[string]string{"GOGC": "", "GOMEMLIMIT": ""}, heapGrowth, memoryLimit},
	} {
		t.Run(name, func(t *testing.T) {
			debug.SetGCPercent(100)
			debug.SetMemoryLimit(math.MaxInt64)
			growHeap(func(name string) string { return test.environment[name] })
			if got := debug.SetGCPercent(100); got != test.percent {
				t.Errorf("the heap grows by %d %%, want %d", got, test.percent)
			}
			if got := debug.SetMemoryLimit(-1); got != test.limit {
				t.Errorf("the limit is %d bytes, want %d", got, test.limit)
			}
		})
	}
}
