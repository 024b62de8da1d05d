//go:build cgo

package libvirtrbddisk_test

import (
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// attempt is a command of terraform while a job or a managed save image holds a disk.
type attempt struct {
	what        string
	image       string
	assignments []string
	args        []string
	// want are the words of the refusal; empty where it has to go through.
	want string
}

// attempts makes them in turn. A refused one must leave both definitions as they were.
func attempts(t *testing.T, w *acctest.Workspace, domain string, list []attempt) {
	t.Helper()
	for _, a := range list {
		w.Write(t, source+acctest.Provider(t)+block(domain, a.image, a.assignments...))
		before := definitions(t, domain)
		got, err := try(t, w, a.args...)
		text := got.said("error")
		switch {
		case a.want == "" && err != nil:
			t.Errorf("%s: %v %s", a.what, err, text)
		case a.want != "" && (err == nil || !acctest.Message(a.want).MatchString(text)):
			t.Errorf("%s: not refused with %q: %v %s", a.what, a.want, err, text)
		case a.want != "" && definitions(t, domain) != before:
			t.Errorf("%s: was refused, and the domain has changed:\n%s\nbefore:\n%s", a.what, definitions(t, domain), before)
		}
	}
}
