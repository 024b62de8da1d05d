package testbed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"golang.org/x/sync/errgroup"
)

// startTimeout limits the start of a bed whose context has no deadline.
const startTimeout = 5 * time.Minute

// maxSocketPath is the longest path that a socket address can hold. With maxDirLength the longest path that libvirt makes, that of a
// guest's QEMU monitor, stays below it.
const (
	maxSocketPath = 107
	maxDirLength  = 32
)

// layoutFile describes a bed in its own folder, so that another process can open it. It holds no key.
const layoutFile = "bed.json"

// Options describes a bed.
type Options struct {
	// Dir is the folder for everything of the bed. It must be empty or not exist, have a path of at most 32 bytes, and
	// be reachable for other users. Default: a fresh folder under /tmp.
	Dir string
	// Clusters are the Ceph clusters. Default (nil): east and west.
	Clusters []ClusterOptions
	// Hypervisors are the names of the libvirt daemons. Default (nil): kvm1 and kvm2.
	Hypervisors []string
	// KeepRunning lets the bed outlive this process. Otherwise the bed ends with the process, also when that is killed.
	KeepRunning bool
}

// Bed is a set of running clusters and hypervisors.
type Bed struct {
	// Dir is the folder that holds everything of the bed.
	Dir string

	clusters    []*Cluster
	hypervisors []*Hypervisor
	keeper      *keeper
}

// layout is what layoutFile holds.
type layout struct {
	Clusters    []*Cluster
	Hypervisors []*Hypervisor
}

var namePattern = regexp.MustCompile(`^[a-z][a-z0-9-]{0,11}$`)

// Start starts a bed and returns when it can be used: the OSDs are up, a pool can be created, the hypervisors answer.
// When it fails, it leaves nothing behind.
func Start(ctx context.Context, options Options) (*Bed, error) {
	if err := Require(); err != nil {
		return nil, err
	}
	ctx, cancel := bounded(ctx, startTimeout)
	defer cancel()
	if options.Clusters == nil {
		options.Clusters = []ClusterOptions{{Name: "east"}, {Name: "west"}}
	}
	if options.Hypervisors == nil {
		options.Hypervisors = []string{"kvm1", "kvm2"}
	}
	if err := checkNames(options); err != nil {
		return nil, err
	}
	dir, err := prepareDir(options.Dir)
	if err != nil {
		return nil, err
	}
	b := &Bed{Dir: dir}
	b.keeper, err = startKeeper(dir)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := b.start(ctx, options); err != nil {
		return nil, errors.Join(err, b.Stop())
	}
	if options.KeepRunning {
		if err := b.Keep(); err != nil {
			return nil, errors.Join(err, b.Stop())
		}
	}
	return b, nil
}

// Keep lets the bed outlive this process. Stop ends it, also in another process (see Open).
func (b *Bed) Keep() error {
	if b.keeper == nil {
		return nil
	}
	if err := b.keeper.release(); err != nil {
		return err
	}
	b.keeper = nil
	return nil
}

func (b *Bed) start(ctx context.Context, options Options) error {
	for _, clusterOptions := range options.Clusters {
		c, err := newCluster(b.Dir, clusterOptions)
		if err != nil {
			return err
		}
		b.clusters = append(b.clusters, c)
	}
	for _, name := range options.Hypervisors {
		h, err := newHypervisor(b.Dir, name)
		if err != nil {
			return err
		}
		b.hypervisors = append(b.hypervisors, h)
	}
	if err := b.saveLayout(); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, c := range b.clusters {
		group.Go(func() error { return c.bootstrap(ctx) })
	}
	for _, h := range b.hypervisors {
		group.Go(func() error { return h.Start(ctx) })
	}
	return group.Wait()
}

// Mark returns an environment variable, as NAME=VALUE. Every process that has it ends with the bed.
func (b *Bed) Mark() string { return bedVariable + "=" + b.Dir }

// Open returns a bed that another process started and left running.
func Open(dir string) (*Bed, error) {
	content, err := os.ReadFile(filepath.Join(dir, layoutFile))
	if err != nil {
		return nil, fmt.Errorf("there is no testbed in %s: %w", dir, err)
	}
	var l layout
	if err := json.Unmarshal(content, &l); err != nil {
		return nil, fmt.Errorf("can't read the testbed in %s: %w", dir, err)
	}
	b := &Bed{Dir: dir, clusters: l.Clusters, hypervisors: l.Hypervisors}
	for _, c := range b.clusters {
		c.dir = dir
		c.addDaemons()
		if c.AdminKey, err = readKey(c.KeyringFile); err != nil {
			return nil, err
		}
	}
	for _, h := range b.hypervisors {
		h.dir = dir
		if err := h.addDaemon(); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// Stop ends all processes of the bed and removes its folder.
func (b *Bed) Stop() error {
	if b.keeper == nil {
		return end(b.Dir)
	}
	// The keeper ends the bed, as it would after a crash, so that there is only one way in which beds end.
	if err := b.keeper.dismiss(); err != nil {
		return errors.Join(err, end(b.Dir))
	}
	b.keeper = nil
	return nil
}

// Cluster returns the cluster of this name. It panics when there is none, which is a mistake in the test.
func (b *Bed) Cluster(name string) *Cluster {
	for _, c := range b.clusters {
		if c.Name == name {
			return c
		}
	}
	panic("the testbed has no cluster " + name)
}

// Clusters returns all clusters in the order of the options.
func (b *Bed) Clusters() []*Cluster { return b.clusters }

// Hypervisor returns the hypervisor of this name. It panics when there is none, which is a mistake in the test.
func (b *Bed) Hypervisor(name string) *Hypervisor {
	for _, h := range b.hypervisors {
		if h.Name == name {
			return h
		}
	}
	panic("the testbed has no hypervisor " + name)
}

// Hypervisors returns all hypervisors in the order of the options.
func (b *Bed) Hypervisors() []*Hypervisor { return b.hypervisors }

func (b *Bed) saveLayout() error {
	content, err := json.MarshalIndent(layout{Clusters: b.clusters, Hypervisors: b.hypervisors}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(b.Dir, layoutFile), append(content, '\n'), 0o644)
}

func checkNames(options Options) error {
	names := append([]string(nil), options.Hypervisors...)
	for _, c := range options.Clusters {
		names = append(names, c.Name)
	}
	seen := map[string]bool{guestFolder: true, sshFolder: true}
	for _, name := range names {
		if !namePattern.MatchString(name) {
			return fmt.Errorf("%q can't name a cluster or hypervisor of the testbed: at most 12 lower-case letters, digits and dashes", name)
		}
		if seen[name] {
			return fmt.Errorf("the testbed can't have two things named %q", name)
		}
		seen[name] = true
	}
	return nil
}

// prepareDir makes the bed's folder, reachable for the plain user that the hypervisors run as.
func prepareDir(dir string) (string, error) {
	if dir == "" {
		made, err := os.MkdirTemp("/tmp", "bed-")
		if err != nil {
			return "", err
		}
		return made, os.Chmod(made, 0o755)
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if len(dir) > maxDirLength {
		return "", fmt.Errorf("the path %s is too long for a testbed: at most %d bytes, or the sockets under it can't be reached", dir,
			maxDirLength)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	if len(entries) > 0 {
		return "", fmt.Errorf("the folder %s isn't empty: a testbed removes its folder when it ends, so it needs one of its own", dir)
	}
	for folder := dir; ; folder = filepath.Dir(folder) {
		info, err := os.Stat(folder)
		if err != nil {
			return "", err
		}
		if info.Mode().Perm()&0o001 == 0 {
			return "", fmt.Errorf("other users can't enter the folder %s, but the hypervisors run as another user", folder)
		}
		if folder == "/" {
			return dir, nil
		}
	}
}
