//go:build cgo

package endtoend_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// bound is far above what a refresh with a dead cluster may take, and far below what librados would wait by itself.
const bound = 90 * time.Second

// within fails the test when do does not end in time.
func within(t *testing.T, what string, do func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		do()
	}()
	select {
	case <-done:
	case <-time.After(bound):
		t.Errorf("%s did not end", what)
		<-done
	}
}

// One cluster, or one hypervisor, that is down fails the refresh of its own resources, in bounded time and by its name; the
// state stays as it is, and the other half can be worked on meanwhile.
func TestAccOutage(t *testing.T) {
	bed := acctest.Bed(t)
	east, kvm1 := bed.Cluster("east"), bed.Hypervisor("kvm1")
	w := acctest.NewWorkspaceOf(t, both.block(t)+half("a", "east", "kvm1")+half("b", "west", "kvm2"))
	w.Apply(t)
	for name, tc := range map[string]struct {
		down, up func() error
		says     []string
	}{
		"cluster frozen":     {east.Pause, east.Resume, []string{"Unable to read Ceph pool", `cluster "east"`}},
		"cluster stopped":    {east.StopDaemons, func() error { return east.StartDaemons(context.Background()) }, []string{"Unable to read Ceph pool", `cluster "east"`}},
		"hypervisor frozen":  {kvm1.Pause, kvm1.Resume, []string{"Unable to read libvirt secret", fmt.Sprintf(`hypervisor "kvm1" (%s)`, kvm1.URI)}},
		"hypervisor stopped": {kvm1.Stop, func() error { return kvm1.Start(context.Background()) }, []string{"Unable to read libvirt secret", `hypervisor "kvm1"`}},
	} {
		t.Run(name, func(t *testing.T) {
			if err := tc.down(); err != nil {
				t.Fatal(err)
			}
			isUp := false
			up := func() {
				if err := tc.up(); err != nil && !isUp {
					t.Error(err)
				}
				isUp = true
			}
			t.Cleanup(func() {
				if !isUp {
					up()
				}
			})
			for _, command := range [][]string{{"plan"}, {"apply", "-auto-approve"}, {"destroy", "-auto-approve"}} {
				within(t, strings.Join(command, " "), func() { refused(t, w, tc.says, command...) })
			}
			within(t, "the refresh of the other half", func() { w.Apply(t, append([]string{"-refresh-only"}, targetsOf("b")...)...) })
			up()
			w.ExpectEmptyPlan(t)
		})
	}
	w.Destroy(t)
}
