//go:build stubs

#define FUNCTION(index, name, library, since) + 1
enum { STUB_COUNT = 0
#include "functions.h"
};
#undef FUNCTION

enum { RADOS, RBD };

// The functions of librados and librbd that go-ceph calls.
extern struct stub_function {
	const char *name;
	int library;       // RADOS or RBD
	const char *since; // the first release that has it, NULL where every supported one has
	int called;        // whether it was called while there was none
} stub_functions[STUB_COUNT];

// Their addresses, once the libraries are loaded.
extern void *stub_targets[STUB_COUNT] __attribute__((visibility("hidden")));
