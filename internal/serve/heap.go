package serve

import "runtime/debug"

const (
	// heapGrowth is by how many percent of what is in use the heap may grow before it is collected, as GOGC tells it.
	heapGrowth = 800
	// memoryLimit is the memory, in bytes, from which on the heap is collected sooner than heapGrowth asks for, as GOMEMLIMIT tells it.
	memoryLimit = 128 << 20
)

// growHeap lets the heap grow before it is collected: the default collects all the time while Terraform refreshes, since of what a request
// allocates next to nothing outlives it. What the environment says of the heap goes first.
func growHeap(get func(string) string) {
	if get("GOGC") == "" {
		debug.SetGCPercent(heapGrowth)
	}
	if get("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
}
