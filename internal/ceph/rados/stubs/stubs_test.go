//go:build cgo && stubs

package stubs_test

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ceph/go-ceph/rados"
	"github.com/ceph/go-ceph/rbd"
	"golang.org/x/sync/errgroup"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph/rados/stubs"
)

// childVariable is set where the test binary is started again, since a process loads the libraries once.
const childVariable = "TEST_STUBS_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) == "" {
		os.Exit(m.Run())
	}
	if err := child(); err != nil {
		fmt.Println(err)
	}
}

// child uses the libraries, and returns what stubs says of them. The libraries of this test answer each call with success.
func child() error {
	var first errgroup.Group
	for range 8 {
		first.Go(func() error {
			if err := stubs.Load(); err != nil {
				return err
			}
			_, err := rados.NewConn()
			return err
		})
	}
	if err := first.Wait(); err != nil {
		return err
	}
	conn, err := rados.NewConn()
	if err != nil {
		return err
	}
	pool, err := conn.OpenIOContext("pool")
	if err != nil {
		return err
	}
	image, err := rbd.OpenImage(pool, "image", rbd.NoSnapshot)
	if err != nil {
		return err
	}
	if err := stubs.Lacking(); err != nil {
		return fmt.Errorf("before the call: %w", err)
	}
	const enosys = -38
	var coded interface{ ErrorCode() int }
	options := []rbd.EncryptionOptions{rbd.EncryptionOptionsLUKS{Passphrase: []byte("passphrase")}}
	if err := image.EncryptionLoad2(options); err == nil || errors.As(err, &coded) && coded.ErrorCode() != enosys {
		return fmt.Errorf("ENOSYS expected, got: %w", err)
	}
	return stubs.Lacking()
}

// library writes a library that has all functions but some, and the release of Ceph.
func library(t *testing.T, folder, name, release string, without ...string) {
	t.Helper()
	list, err := os.ReadFile("functions.h")
	if err != nil {
		t.Fatal(err)
	}
	// What opens something gives an address, which is not Go's.
	bodies := map[string]string{
		"rados_ioctx_create": "(void *cluster, void *pool, void **opened) { static int object; *opened = &object; return 0; }",
		"rbd_open":           "(void *pool, void *name, void **opened) { static int object; *opened = &object; return 0; }",
	}
	source := fmt.Sprintf("const char *_Z19ceph_version_to_strv(void) { return %q; }\n", release)
	prefix, _, _ := strings.Cut(strings.TrimPrefix(name, "lib"), ".")
	for _, match := range regexp.MustCompile(`(?m)^FUNCTION\(\d+, (\w+),`).FindAllSubmatch(list, -1) {
		if function := string(match[1]); strings.HasPrefix(function, prefix+"_") && !slices.Contains(without, function) {
			source += fmt.Sprintf("int %s%s\n", function, cmp.Or(bodies[function], "(void) { return 0; }"))
		}
	}
	compile := exec.CommandContext(t.Context(), "gcc", "-shared", "-fPIC", "-o", filepath.Join(folder, name), "-x", "c", "-")
	compile.Stdin = strings.NewReader(source)
	if out, err := compile.CombinedOutput(); err != nil {
		t.Fatalf("gcc: %v\n%s", err, out)
	}
}

// unusable writes a file that can't be loaded: an absent one would be found in the system's folders.
func unusable(t *testing.T, folder, name string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(folder, name), []byte("no library"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestLibrariesOfThisMachine(t *testing.T) {
	const newest = "rbd_encryption_load2"
	for name, test := range map[string]struct {
		prepare func(t *testing.T, folder string)
		want    []string
	}{
		"no librados": {
			func(t *testing.T, folder string) { unusable(t, folder, "librados.so.2") },
			[]string{
				"librados.so.2 can't be loaded on this machine", "Debian and Ubuntu: apt-get install librados2 librbd1",
				"RHEL and Fedora: dnf install librados2 librbd1", "Reply: ",
			},
		},
		"no librbd": {
			func(t *testing.T, folder string) {
				library(t, folder, "librados.so.2", "16.2.15")
				unusable(t, folder, "librbd.so.1")
			},
			[]string{"librbd.so.1 can't be loaded on this machine"},
		},
		"older than all supported": {
			func(t *testing.T, folder string) { library(t, folder, "librados.so.2", "14.2.21", "rados_append") },
			[]string{"librados.so.2 of Ceph 14.2.21", "too old", "lacks rados_append", "16.2 (pacific) and newer"},
		},
		"a new function": {
			func(t *testing.T, folder string) {
				library(t, folder, "librados.so.2", "16.2.15")
				library(t, folder, "librbd.so.1", "16.2.15", newest)
			},
			[]string{"of Ceph 16.2.15 on this machine lack " + newest + " (in Ceph 18.2 (reef) and newer)"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			test.prepare(t, folder)
			command := exec.CommandContext(t.Context(), os.Args[0])
			command.Env = append(os.Environ(), childVariable+"=1", "LD_LIBRARY_PATH="+folder)
			var out bytes.Buffer
			command.Stdout, command.Stderr = &out, &out
			if err := command.Run(); err != nil {
				t.Fatalf("%v\n%s", err, out.String())
			}
			for _, words := range test.want {
				if !strings.Contains(out.String(), words) {
					t.Errorf("%q is missing in:\n%s", words, out.String())
				}
			}
		})
	}
}
