package tfkit

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

func TestASilentClusterIsNotAskedAgainOutOfCourtesy(t *testing.T) {
	c := NewConnections()
	silent := &problem.Problem{Kind: problem.Unreachable, What: "no answer in time"}
	asked := 0
	ask := func(ctx context.Context, fsid string, answer error) error {
		return c.Courtesy(ctx, fsid, func(context.Context) error { asked++; return answer })
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for _, step := range []struct {
		what   string
		ctx    context.Context
		fsid   string
		answer error
		want   error
		asked  int
	}{
		{"answers", t.Context(), "east", nil, nil, 1},
		{"another error", t.Context(), "east", &problem.Problem{Kind: problem.NotFound}, &problem.Problem{Kind: problem.NotFound}, 2},
		{"the operation is over", over, "east", silent, silent, 3},
		{"silent", t.Context(), "east", silent, silent, 4},
		{"still silent", t.Context(), "east", nil, silent, 4},
		{"another cluster", t.Context(), "west", nil, nil, 5},
	} {
		err := ask(step.ctx, step.fsid, step.answer)
		if asked != step.asked || (err == nil) != (step.want == nil) || err != nil && err.Error() != step.want.Error() {
			t.Errorf("%s: asked %d times, %v", step.what, asked, err)
		}
	}
	// Whoever fills more into what it was told changes nothing for the next.
	for range 2 {
		err := ask(t.Context(), "east", nil)
		var told *problem.Problem
		if !errors.As(err, &told) || told.Why != "" {
			t.Fatalf("told: %v", err)
		}
		told.Why = "changed by a caller"
	}
	c.silent.note("east", silence{time.Now().Add(-time.Second), errors.New("long ago")})
	if err := ask(t.Context(), "east", nil); err != nil || asked != 6 {
		t.Errorf("after a while: asked %d times, %v", asked, err)
	}
}
