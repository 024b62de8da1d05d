//go:build cgo && stubs

package stubs

/*
#cgo LDFLAGS: -L${SRCDIR}/link -lrados -lrbd
#include <dlfcn.h>
#include <stdlib.h>
#include "stubs.h"

// dlerror belongs to the thread, so it is asked in the same call.
static void *load(const char *library, const char **error) {
	void *handle = dlopen(library, RTLD_NOW | RTLD_GLOBAL);
	*error = handle ? NULL : dlerror();
	return handle;
}

static int called(struct stub_function *f) { return __atomic_load_n(&f->called, __ATOMIC_RELAXED); }

// Of libceph-common, which comes with librados; without it the release is not known.
static const char *release(void *handle) {
	const char *(*version)(void) = (const char *(*)(void))dlsym(handle, "_Z19ceph_version_to_strv");
	return version ? version() : "";
}
*/
import "C"

import (
	"fmt"
	"strings"
	"sync"
	"unsafe"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// libraries are in the order in which they are loaded: librbd needs librados.
var libraries = []struct {
	id   C.int
	name string
}{{C.RADOS, "librados.so.2"}, {C.RBD, "librbd.so.1"}}

// loaded is the release of the libraries, empty where it isn't known, or why they can't be used.
var loaded = sync.OnceValues(func() (string, error) {
	var release string
	for _, library := range libraries {
		name := C.CString(library.name)
		var reply *C.char
		handle := C.load(name, &reply)
		C.free(unsafe.Pointer(name))
		if handle == nil {
			return "", notLoaded(library.name, C.GoString(reply))
		}
		release = C.GoString(C.release(handle))
		for i := range C.stub_functions {
			f := &C.stub_functions[i]
			if f.library != library.id {
				continue
			}
			switch target := C.dlsym(handle, f.name); {
			case target != nil:
				C.stub_targets[i] = target
			case f.since == nil:
				return "", tooOld(library.name, release, C.GoString(f.name))
			}
		}
	}
	return release, nil
})

// Load loads the libraries of Ceph that are on this machine. It has to return without an error before the first call of go-ceph.
func Load() error {
	_, err := loaded()
	return err
}

// Lacking returns an error that names the functions which were called although the libraries on this machine don't have them, or nil.
// Each of those calls failed with ENOSYS.
func Lacking() error {
	release, err := loaded()
	if err != nil {
		return err
	}
	var lacking []string
	for i := range C.stub_functions {
		if f := &C.stub_functions[i]; C.called(f) != 0 {
			lacking = append(lacking, fmt.Sprintf("%s (in Ceph %s and newer)", C.GoString(f.name), C.GoString(f.since)))
		}
	}
	if len(lacking) == 0 {
		return nil
	}
	return &problem.Problem{
		Kind: problem.Unsupported,
		Why:  fmt.Sprintf("The client libraries%s on this machine lack %s.", ofCeph(release), strings.Join(lacking, ", ")),
		Do:   "Upgrade librados2 and librbd1 on this machine.",
	}
}
