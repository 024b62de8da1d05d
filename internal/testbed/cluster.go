package testbed

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"

	"github.com/google/uuid"
)

// Store is the object store of an OSD.
type Store string

// The stores. MemStore is fast, and keeps its data when it is stopped, but not when it crashes. BlueStore is needed for overwrites in
// erasure-coded pools; it writes to a sparse file.
const (
	MemStore  Store = "memstore"
	BlueStore Store = "bluestore"
)

// ClusterOptions describes a Ceph cluster.
type ClusterOptions struct {
	Name     string
	Monitors int   // 1 (default) or 3
	OSDs     int   // 1 (default) to 3; pools keep as many copies
	Store    Store // default MemStore
	IPv6     bool
	// Localhost lets the monitors listen on 127.0.0.1, which has a name on every machine; otherwise at addresses without one.
	Localhost bool
	// DefaultPorts lets the monitors listen on 3300 and 6789, each at its own address; otherwise on free odd ports.
	DefaultPorts bool
	// DefaultIntervals leaves the monitors' proposal intervals at Ceph's defaults, so that a change of the OSD map takes a
	// second as in production; otherwise it takes hundredths.
	DefaultIntervals bool
	// Config are further settings for the section [global] of ceph.conf, in force before the cluster is made.
	Config map[string]string
}

// Cluster is a running Ceph cluster. Every client needs a key.
type Cluster struct {
	Name        string
	FSID        string
	MonHost     string // all monitors, as in ceph.conf
	Monitors    []MonAddr
	AdminKey    string `json:"-"` // of client.admin, base64
	ConfigFile  string // a ceph.conf with the monitors and the keyring, readable for root only
	KeyringFile string // holds client.admin
	OSDs        int
	Store       Store

	dir     string // the bed's folder
	options ClusterOptions
	daemons []*Daemon
}

func newCluster(dir string, options ClusterOptions) (*Cluster, error) {
	if options.Monitors == 0 {
		options.Monitors = 1
	}
	if options.OSDs == 0 {
		options.OSDs = 1
	}
	if options.Store == "" {
		options.Store = MemStore
	}
	if options.Monitors > 5 || options.OSDs > 5 {
		return nil, fmt.Errorf("cluster %s: a testbed has room for at most 5 monitors and 5 OSDs", options.Name)
	}
	host := ""
	switch {
	case options.IPv6:
		host = "::1"
	case options.Localhost:
		host = "127.0.0.1"
	}
	if host != "" && options.DefaultPorts {
		return nil, fmt.Errorf("cluster %s: there is only one address %s, so the default ports can't be used with it", options.Name, host)
	}
	monitors, err := chooseAddresses(options.Monitors, host, options.DefaultPorts)
	if err != nil {
		return nil, err
	}
	c := &Cluster{
		Name: options.Name, FSID: uuid.NewString(), Monitors: monitors, MonHost: monHost(monitors),
		OSDs: options.OSDs, Store: options.Store, dir: dir, options: options,
	}
	c.ConfigFile = c.path("ceph.conf")
	c.KeyringFile = c.path("keyring")
	c.addDaemons()
	return c, nil
}

// path returns a path in the cluster's folder.
func (c *Cluster) path(elements ...string) string {
	return filepath.Join(append([]string{c.dir, c.Name}, elements...)...)
}

// addDaemons lists the cluster's daemons in the order in which they are started.
func (c *Cluster) addDaemons() {
	c.daemons = nil
	add := func(command, kind, id string) {
		c.daemons = append(c.daemons, &Daemon{
			Name: c.Name + "/" + kind + "." + id, dir: c.dir, home: c.path(),
			argv: []string{command, "--conf", c.ConfigFile, "--id", id, "--foreground"},
			log:  c.path("log", kind+"."+id+".out"),
		})
	}
	for _, m := range c.Monitors {
		add("ceph-mon", "mon", m.Name)
	}
	add("ceph-mgr", "mgr", managerID)
	for i := range c.OSDs {
		add("ceph-osd", "osd", strconv.Itoa(i))
	}
}

// Monitor returns the i-th monitor's process, from 0.
func (c *Cluster) Monitor(i int) *Daemon { return c.daemons[i] }

// Manager returns the manager's process.
func (c *Cluster) Manager() *Daemon { return c.daemons[len(c.Monitors)] }

// OSD returns the i-th OSD's process, from 0.
func (c *Cluster) OSD(i int) *Daemon { return c.daemons[len(c.Monitors)+1+i] }

// Pause stops the processes of all daemons: connections stay open, and nothing answers. Similar to: kill -STOP.
func (c *Cluster) Pause() error { return each(c.daemons, (*Daemon).Pause) }

// Resume continues all paused daemons. Similar to: kill -CONT.
func (c *Cluster) Resume() error { return each(c.daemons, (*Daemon).Resume) }

// ResumeUsable continues all paused daemons and returns when the cluster can be used again: its monitors may have marked the OSDs down.
func (c *Cluster) ResumeUsable(ctx context.Context) error {
	if err := c.Resume(); err != nil {
		return err
	}
	return c.WaitUsable(ctx)
}

// PauseMonitors pauses the monitors only: clients that are connected to the OSDs can read and write. Similar to: kill -STOP.
func (c *Cluster) PauseMonitors() error {
	return each(c.daemons[:len(c.Monitors)], (*Daemon).Pause)
}

// ResumeMonitors continues paused monitors. Similar to: kill -CONT.
func (c *Cluster) ResumeMonitors() error {
	return each(c.daemons[:len(c.Monitors)], (*Daemon).Resume)
}

// StopDaemons ends all daemons, OSDs first, and keeps their data and addresses. Connections are refused then.
func (c *Cluster) StopDaemons() error {
	reversed := make([]*Daemon, 0, len(c.daemons))
	for i := len(c.daemons) - 1; i >= 0; i-- {
		reversed = append(reversed, c.daemons[i])
	}
	return each(reversed, (*Daemon).Stop)
}

// StartDaemons starts what StopDaemons ended and returns when the cluster can be used again.
func (c *Cluster) StartDaemons(ctx context.Context) error {
	if err := each(c.daemons, (*Daemon).Start); err != nil {
		return err
	}
	return c.WaitUsable(ctx)
}

// RestartOSDs stops the OSDs, which keep their data, and starts them again: every client has to connect again, with a valid ticket.
func (c *Cluster) RestartOSDs(ctx context.Context) error {
	osds := c.daemons[len(c.Monitors)+1:]
	if err := each(osds, (*Daemon).Stop); err != nil {
		return err
	}
	if err := each(osds, (*Daemon).Start); err != nil {
		return err
	}
	return c.WaitUsable(ctx)
}

func each(daemons []*Daemon, do func(*Daemon) error) error {
	var all []error
	for _, d := range daemons {
		all = append(all, do(d))
	}
	return errors.Join(all...)
}

// Ceph runs the command ceph as client.admin and returns its stdout. It is a second view for tests: it does not use the
// code under test. An error holds stderr. It is faster than on a command line, since the command's modules are loaded once.
// Similar to: ceph ARGS.
func (c *Cluster) Ceph(ctx context.Context, args ...string) ([]byte, error) {
	return c.run(ctx, "", append([]string{"ceph", "--conf", c.ConfigFile, "--connect-timeout", "20"}, args...))
}

// CephIn is Ceph with text for stdin, such as a keyring for -i -. Similar to: ceph ARGS.
func (c *Cluster) CephIn(ctx context.Context, stdin string, args ...string) ([]byte, error) {
	return c.run(ctx, stdin, append([]string{"ceph", "--conf", c.ConfigFile, "--connect-timeout", "20"}, args...))
}

// RBD runs the command rbd as client.admin and returns its stdout. An error holds stderr. Similar to: rbd ARGS.
func (c *Cluster) RBD(ctx context.Context, args ...string) ([]byte, error) {
	return c.RBDIn(ctx, "", args...)
}

// RBDIn is RBD with text for stdin, such as the content of an image. Similar to: rbd import - POOL/IMAGE.
func (c *Cluster) RBDIn(ctx context.Context, stdin string, args ...string) ([]byte, error) {
	return c.run(ctx, stdin, append([]string{"rbd", "--conf", c.ConfigFile}, args...))
}

// Rados runs the command rados as client.admin and returns its stdout. Similar to: rados ARGS.
func (c *Cluster) Rados(ctx context.Context, args ...string) ([]byte, error) {
	return c.run(ctx, "", append([]string{"rados", "--conf", c.ConfigFile}, args...))
}

func (c *Cluster) run(ctx context.Context, stdin string, argv []string) ([]byte, error) {
	return invocation{argv: argv, stdin: stdin, environment: baseEnvironment(c.dir, c.path(), "")}.run(ctx)
}
