package ceph

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Watcher is a client that has an image open for writing (or, with some clients, for reading with a lock).
type Watcher struct {
	Addr   string // "192.0.2.7:0/1234"
	Entity string // such as client.libvirt; empty when it could not be found out
	Mirror bool   // rbd-mirror of another cluster, which reads the image; false also where that could not be found out
}

// Holders are the watchers that may write the image. librbd leaves out those of mirroring too before it removes an image.
func Holders(watchers []Watcher) []Watcher {
	return slices.DeleteFunc(slices.Clone(watchers), func(w Watcher) bool { return w.Mirror })
}

// mirrorPeerCaps are what Ceph gives the user for a mirror's other cluster, and no user of a guest has a use for. librbd knows a mirror by
// its watch on the pool's object rbd_mirroring, which the C API doesn't list.
const mirrorPeerCaps = "profile rbd-mirror-peer"

// Watchers lists the clients that have an image open for writing, and with some clients for reading. One whose host crashed stays for
// about 30 seconds.
//
// Similar to: rbd status
func (c *Cluster) Watchers(ctx context.Context, ref ImageRef) ([]Watcher, error) {
	what := fmt.Sprintf("Unable to list the watchers of image %s of cluster %q.", ref, c.cfg.Label)
	watchers, err := readImage(ctx, c, what, ref, func(ctx context.Context, conn Conn) ([]Watcher, error) {
		return conn.Watchers(ctx, ref)
	})
	if err != nil {
		return nil, err
	}
	c.nameWatchers(ctx, watchers)
	return watchers, nil
}

// DescribeWatchers lists watchers for a message, as in "client.libvirt at 192.0.2.7:0/1234".
func DescribeWatchers(watchers []Watcher) string {
	list := make([]string, 0, len(watchers))
	for _, w := range watchers {
		if w.Entity != "" {
			list = append(list, fmt.Sprintf("%s at %s", w.Entity, w.Addr))
		} else {
			list = append(list, w.Addr)
		}
	}
	return strings.Join(firstOf(list, 5), ", ")
}

// nameWatchers fills in who the watchers are as far as the monitors tell it. Without that none is left out, so a failure is ignored.
func (c *Cluster) nameWatchers(ctx context.Context, watchers []Watcher) {
	if len(watchers) == 0 {
		return
	}
	sessions, err := c.sessions(ctx, "Unable to name the watchers.")
	if err != nil {
		return
	}
	clients := make(map[string]session, len(sessions))
	for _, s := range sessions {
		clients[s.addr] = s
	}
	for i := range watchers {
		client := clients[watchers[i].Addr]
		watchers[i].Entity, watchers[i].Mirror = client.entity, strings.Contains(client.caps, mirrorPeerCaps)
	}
}

// releaseTimeout is how long the watcher of a client that crashed, or has just closed an image, may stay.
const releaseTimeout = 40 * time.Second

// releaseInterval is the time between two looks at who holds an image.
const releaseInterval = 500 * time.Millisecond

// AwaitRelease waits until nobody holds an image any more. It asks twice a second, for up to 40 seconds (or until ctx ends), for held,
// an error that names the holders; those that stay are returned. Another error ends the wait.
//
// Similar to: rbd status IMAGE, again and again
func (c *Cluster) AwaitRelease(ctx context.Context, ref ImageRef, ask func() (held, err error)) error {
	return awaitRelease(ctx, releaseTimeout, c.log.Wait(ctx, "watchers to go", ofImage(ref)), ask)
}

func awaitRelease(ctx context.Context, timeout time.Duration, progress func(), ask func() (held, err error)) error {
	deadline := time.NewTimer(timeout)
	defer deadline.Stop()
	var last error
	for {
		held, err := ask()
		if ctx.Err() != nil && last != nil && (err != nil || held != nil) {
			return last // the time is up, perhaps before this answer had the names of the holders
		}
		if err != nil || held == nil {
			return err
		}
		last = held
		progress()
		step := time.NewTimer(releaseInterval)
		select {
		case <-step.C:
			continue
		case <-deadline.C:
		case <-ctx.Done():
		}
		step.Stop()
		return held
	}
}
