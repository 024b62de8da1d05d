//go:build cgo

package faults_test

import (
	"archive/zip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
)

// terraformFaults are those of Terraform and the machine that it runs on.
func terraformFaults() []fault {
	return []fault{
		{
			name:  "Ctrl-C",
			begin: func(r *run) { r.interrupt() },
			rows: []row{
				{
					operation: creates, midst: call{"Create", "ceph_rbd_image"}, limit: longLimit, says: []string{"execution halted"},
					leaves: []string{"any"},
				},
				{operation: destroys, midst: call{"Delete", "ceph_rbd_image"}, limit: longLimit, says: []string{"execution halted"}},
			},
		},
		{
			name: "Ctrl-C twice while the cluster is frozen",
			begin: func(r *run) {
				r.resumes(r.east)
				r.must(r.east.Pause())
				go func() {
					// The image's create finds the cluster frozen.
					for !r.inMidst() && r.Context().Err() == nil {
						<-time.After(20 * time.Millisecond)
					}
					r.interrupt()
					<-time.After(20 * time.Millisecond) // two at once are one
					r.interrupt()
				}()
			},
			rows: []row{
				// What is said tells whether the provider was faster than the second one.
				{
					operation: creates, gate: true, midst: call{"Create", "ceph_rbd_image"}, limit: longLimit, leaves: []string{"any"},
					saysOne: []string{"The operation was interrupted.", "operation canceled"},
				},
			},
		},
		{
			name:  "Terraform is killed after a plan, and the saved plan is applied",
			begin: func(*run) {},
			rows:  []row{{operation: changes, limit: longLimit, instead: func(r *run) { r.applySavedPlan(func() {}) }}},
		},
		{
			name:  "a secret is removed by hand between a plan and the apply of the saved plan",
			begin: func(*run) {},
			rows: []row{{
				operation: changes, limit: longLimit,
				instead: func(r *run) {
					r.applySavedPlan(func() {
						_, err := r.kvm1.Virsh(r.Context(), "secret-undefine", r.secretUUID())
						r.must(err)
					})
				},
				says: []string{"Unable to update libvirt secret", `is not on hypervisor "kvm1"`},
			}},
		},
		{
			name:  "two applies of overlapping configurations at once",
			begin: func(*run) {},
			rows: []row{{
				operation: creates, limit: longLimit, instead: (*run).applyTwice, says: []string{"exists already"}, leaves: []string{"any"},
			}},
		},
		{
			name:  "a hundred resources at -parallelism=50",
			begin: func(*run) {},
			rows:  []row{{operation: creates, instead: (*run).applyHundred}},
		},
		{
			name:  "one of two hosts is away",
			begin: func(r *run) { r.ends(r.kvm2.Resume) },
			rows:  []row{{operation: changes, instead: (*run).applyBesideSilentHost, says: []string{`hypervisor "kvm2"`}}},
		},
	}
}

// interrupt is Ctrl-C.
func (r *run) interrupt() {
	if err := r.command.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		r.Error(err)
	}
}

// applySavedPlan plans the change, kills Terraform once the plan is saved, and applies it after between.
func (r *run) applySavedPlan(between func()) {
	r.Helper()
	plan := filepath.Join(r.TempDir(), "tfplan")
	var out strings.Builder
	planning := r.w.Command(r.Context(), &out, "plan", "-input=false", "-out="+plan)
	r.must(planning.Start())
	expect.Eventually(r.T, "a saved plan", func() bool {
		saved, err := zip.OpenReader(plan) // one that is not written to its end yet is no archive
		return err == nil && saved.Close() == nil
	})
	_ = planning.Process.Kill() // perhaps it has ended
	_ = planning.Wait()
	between()
	r.row.operation.args = []string{"apply", plan}
	r.operate(nil)
}

func (r *run) secretUUID() string {
	r.Helper()
	list, err := r.kvm1.Virsh(r.Context(), "secret-list")
	r.must(err)
	for line := range strings.Lines(list) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[2] == r.name {
			return fields[0]
		}
	}
	r.Fatalf("no secret has the usage name %s:\n%s", r.name, list)
	return ""
}

// applyTwice applies the configuration in another folder too, as soon as the first apply has made its pool. Each object gets into exactly
// one of the two states; what the other one has made is destroyed there, and the next apply here makes it. (Two creates of a pool or a user
// within milliseconds are both told of success by the monitors.)
func (r *run) applyTwice() {
	r.Helper()
	other := acctest.NewWorkspaceOf(r.T, r.configuration(longLimit, false))
	var both sync.WaitGroup
	var outs [2]string
	var errs [2]error
	start := time.Now()
	apply := func(i int, w *acctest.Workspace) {
		both.Go(func() { outs[i], errs[i] = w.Try(r.T, "apply", "-auto-approve", "-input=false", "-json") })
	}
	apply(0, r.w)
	expect.Eventually(r.T, "the pool of the first apply", func() bool {
		return slices.Contains(strings.Fields(r.cephCommand("osd", "pool", "ls")), r.name)
	})
	apply(1, other)
	both.Wait()
	r.result.Seconds = time.Since(start).Seconds()
	if errs[0] == nil && errs[1] == nil {
		r.Error("both came to their end")
	}
	for i, out := range outs {
		if errs[i] != nil {
			r.result.Exit = 1
			r.hear(out)
		}
	}
	states := r.stateKinds(r.w)
	others := r.stateKinds(other)
	for _, kind := range r.objects() {
		// A disk is only made once all else is there.
		if slices.Contains(states, kind) == slices.Contains(others, kind) {
			r.Errorf("%s is in both states, or in none: %v, %v", kind, states, others)
		}
	}
	other.Destroy(r.T)
}

const hundred = `
resource "ceph_pool" "p" {
  name              = "hundred"
  applications      = ["rbd"]
  pg_num            = 1
  pg_autoscale_mode = "off"
}
resource "ceph_user" "u" {
  count = 39
  name  = "hundred-${count.index}"
  caps  = { mon = "profile rbd", osd = "profile rbd pool=${ceph_pool.p.name}" }
}
resource "ceph_rbd_image" "i" {
  count = 40
  pool  = ceph_pool.p.name
  name  = "hundred-${count.index}"
  size  = "8MiB"
}
resource "libvirt_ceph_secret" "s" {
  provider   = ceph
  count      = 20
  usage_name = "hundred-${count.index}"
  key        = ceph_user.u[count.index].key
}
`

func (r *run) applyHundred() {
	r.Helper()
	w := acctest.NewWorkspaceOf(r.T, r.providerBlock(longLimit)+hundred)
	start := time.Now()
	w.Apply(r.T, "-parallelism=50")
	r.result.Seconds = time.Since(start).Seconds()
	w.ExpectEmptyPlan(r.T)
	users, err := r.east.Ceph(r.Context(), "auth", "ls")
	r.must(err)
	images, err := r.east.RBD(r.Context(), "ls", "hundred")
	r.must(err)
	secrets, err := r.kvm1.Virsh(r.Context(), "secret-list")
	r.must(err)
	for what, counted := range map[string][2]int{
		"users":   {strings.Count(string(users), "client.hundred-"), 39},
		"images":  {strings.Count(string(images), "hundred-"), 40},
		"secrets": {strings.Count(secrets, "hundred-"), 20},
	} {
		if counted[0] != counted[1] {
			r.Errorf("%d %s, not %d", counted[0], what, counted[1])
		}
	}
	w.Terraform(r.T, "destroy", "-auto-approve", "-input=false", "-parallelism=50")
}

// applyBesideSilentHost changes everything while a resource of a second host can't be read: only that one fails.
func (r *run) applyBesideSilentHost() {
	r.Helper()
	beside := func(limit string, changed bool) string {
		return strings.Replace(r.configuration(longLimit, changed), "  hypervisors = {", fmt.Sprintf(
			"  hypervisors = { kvm2 = { uri = %q, connect_timeout = %q },", r.kvm2.URI, limit), 1) +
			"resource \"libvirt_ceph_secret\" \"beside\" {\n  provider = ceph\n  hypervisor = \"kvm2\"\n  usage_name = \"beside\"\n" +
			"  key = ceph_user.u.key\n}\n"
	}
	single := strings.NewReplacer(`  usage_name  = "`, `  hypervisor = "kvm1"`+"\n"+`  usage_name  = "`, `  domain      = "`,
		`  hypervisor = "kvm1"`+"\n"+`  domain      = "`)
	r.w.Write(r.T, single.Replace(beside(longLimit, false)))
	r.w.Apply(r.T)
	r.must(r.kvm2.Pause())
	r.w.Write(r.T, single.Replace(beside(shortLimit, true)))
	r.row.operation.args = []string{"apply", "-auto-approve"}
	r.operate(nil)
	r.w.Apply(r.T, "-target=libvirt_rbd_disk.d")
	r.must(r.kvm2.Resume())
	r.w.Write(r.T, single.Replace(beside(longLimit, true)))
	r.w.Terraform(r.T, "destroy", "-auto-approve", "-input=false", "-target=libvirt_ceph_secret.beside")
}
