package ceph

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

func TestReplyWithBareNumbers(t *testing.T) {
	var reply struct {
		A *float64
		B string
		C []float64
	}
	if err := decodeReply([]byte(`{"a":inf,"b":"inf \" nan","c":[-nan,1]}`), &reply); err != nil {
		t.Fatal(err)
	}
	if reply.A != nil || reply.B != `inf " nan` || len(reply.C) != 2 || reply.C[1] != 1 {
		t.Errorf("%+v", reply)
	}
	if err := decodeReply([]byte(`{"key":"AQ`), &reply); err == nil {
		t.Error("half a reply was accepted")
	}
}

// What a hostile monitor answers ends with an error, without much memory, and without the reply in it.
func TestHostileReplies(t *testing.T) {
	const secret = "in-the-reply"
	for name, reply := range map[string]string{
		"deep":      strings.Repeat(`{"`+secret+`":`, 2_000_000),
		"deeper":    strings.Repeat("[", 20_000) + secret,
		"many":      `[{"pool_name":"` + secret + `"}` + strings.Repeat(",{}", 2_000_000) + "]",
		"huge":      `"` + secret + strings.Repeat("a", longestReply) + `"`,
		"cut off":   `[{"pool_name":"` + secret,
		"nothing":   "",
		"text":      secret,
		"wrong":     `{"pool_name":["` + secret + `"]}`,
		"NUL":       "\x00" + secret,
		"not UTF-8": "[\xff" + secret,
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			cluster, _ := withFake(map[string]answer{"osd pool ls": {out: reply}})
			_, err := cluster.Pools(t.Context())
			runtime.ReadMemStats(&after)
			if err == nil || strings.Contains(err.Error(), secret) || !strings.Contains(err.Error(), "can't be understood") {
				t.Errorf("got %v", err)
			}
			if n := after.TotalAlloc - before.TotalAlloc; n > 512<<20 {
				t.Errorf("%d MiB", n>>20)
			}
		})
	}
}

// deafConn answers no read of an image.
type deafConn struct{ fakeConn }

func (*deafConn) Image(ctx context.Context, _ ImageRef) (Image, error) {
	<-ctx.Done()
	return Image{}, ctx.Err()
}

// The error of a read names the limit that was up: the cluster's, or that of the resource. The time is synctest's.
func TestReadNamesItsLimit(t *testing.T) {
	for words, limit := range map[string]time.Duration{"within its operation_timeout of 3s": time.Minute, "in time": time.Second} {
		synctest.Test(t, func(t *testing.T) {
			conn := &deafConn{}
			conn.fsid = testFSID
			cluster := NewCluster(Config{Label: "east", MonHost: "192.0.2.1", OperationTimeout: 3 * time.Second},
				func(context.Context, Config) (Conn, error) { return conn, nil })
			defer cluster.Close()
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			_, err := cluster.Image(ctx, ImageRef{Pool: "vms", Name: "data"})
			expect.Problem(t, err, problem.Unreachable, `Cluster "east" did not answer `+words)
		})
	}
}
