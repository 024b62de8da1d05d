//go:build cgo

package endtoend_test

import (
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

func TestMain(m *testing.M) { acctest.Main(m, testbed.Options{}) }
