//go:build cgo

package acctest

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// bed is the testbed of this test binary.
var bed *testbed.Bed

// logsVariable names a folder that keeps the logs of the daemons when tests fail.
const logsVariable = "CEPH_TESTBED_LOGS"

// Main runs the tests of a package on a testbed, which it starts and stops. Without TF_ACC there is none, and [Bed] skips the test.
func Main(m *testing.M, options testbed.Options) {
	if os.Getenv("TF_ACC") == "" {
		os.Exit(m.Run())
	}
	started, err := testbed.Start(context.Background(), options)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	bed = started
	before := holds()
	code := m.Run()
	if err := checkLeft(before); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	if folder := os.Getenv(logsVariable); folder != "" && code != 0 {
		if err := bed.CopyLogs(folder); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	if err := bed.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// Bed returns the testbed. A test that asks for it is an acceptance test, and skipped without TF_ACC.
func Bed(t *testing.T) *testbed.Bed {
	t.Helper()
	if bed == nil {
		t.Skip("acceptance test: set TF_ACC=1, or run make testacc")
	}
	return bed
}
