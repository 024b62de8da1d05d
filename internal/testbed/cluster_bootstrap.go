package testbed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"
)

const managerID = "x"

// bootstrap makes a new cluster and returns when it can be used.
func (c *Cluster) bootstrap(ctx context.Context) error {
	if err := c.makeFiles(ctx); err != nil {
		return fmt.Errorf("cluster %s: %w", c.Name, err)
	}
	if err := c.makeMonitors(ctx); err != nil {
		return fmt.Errorf("cluster %s: %w", c.Name, err)
	}
	// The manager loads its modules while the monitors find each other.
	if err := each(c.daemons[:len(c.Monitors)+1], (*Daemon).Start); err != nil {
		return err
	}
	if err := c.makeOSDs(ctx); err != nil {
		return fmt.Errorf("cluster %s: %w", c.Name, err)
	}
	return c.WaitUsable(ctx)
}

// makeFiles writes ceph.conf and the keyrings.
func (c *Cluster) makeFiles(ctx context.Context) error {
	// The keys are for root alone.
	for _, folder := range []string{"", "run", "log", "crash", "mgr." + managerID} {
		if err := os.MkdirAll(c.path(folder), 0o700); err != nil {
			return err
		}
	}
	for i := range c.OSDs {
		if err := os.MkdirAll(c.path("osd."+strconv.Itoa(i)), 0o700); err != nil {
			return err
		}
	}
	text, err := c.config()
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.ConfigFile, []byte(text), 0o600); err != nil {
		return err
	}
	keyrings := []struct {
		path, entity string
		caps         []string
	}{
		{c.path("mon.keyring"), "mon.", []string{"mon", "allow *"}},
		{c.KeyringFile, "client.admin", []string{"mon", "allow *", "mgr", "allow *", "osd", "allow *", "mds", "allow *"}},
		{c.path("mgr."+managerID, "keyring"), "mgr." + managerID, []string{"mon", "allow profile mgr", "osd", "allow *", "mds", "allow *"}},
	}
	for i := range c.OSDs {
		id := "osd." + strconv.Itoa(i)
		keyrings = append(keyrings, struct {
			path, entity string
			caps         []string
		}{c.path(id, "keyring"), id, []string{"mon", "allow profile osd", "mgr", "allow profile osd", "osd", "allow *"}})
	}
	var initial strings.Builder
	for _, k := range keyrings {
		argv := []string{"ceph-authtool", "--create-keyring", k.path, "--gen-key", "--name", k.entity}
		for i := 0; i < len(k.caps); i += 2 {
			argv = append(argv, "--cap", k.caps[i], k.caps[i+1])
		}
		if _, err := c.run(ctx, "", argv); err != nil {
			return err
		}
		content, err := os.ReadFile(k.path)
		if err != nil {
			return err
		}
		initial.Write(content)
	}
	// With all entities in the monitors' first keyring no command has to add them later.
	if err := os.WriteFile(c.path("initial.keyring"), []byte(initial.String()), 0o600); err != nil {
		return err
	}
	c.AdminKey, err = readKey(c.KeyringFile)
	return err
}

// makeMonitors makes the monitors' stores, with a monmap that names all of them.
func (c *Cluster) makeMonitors(ctx context.Context) error {
	monmap := c.path("monmap")
	argv := []string{"monmaptool", "--create", "--clobber", "--fsid", c.FSID}
	for _, m := range c.Monitors {
		argv = append(argv, "--addv", m.Name, m.String())
	}
	if _, err := c.run(ctx, "", append(argv, monmap)); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, m := range c.Monitors {
		group.Go(func() error {
			if err := os.MkdirAll(c.path("mon."+m.Name), 0o700); err != nil {
				return err
			}
			_, err := c.run(ctx, "", []string{
				"ceph-mon", "--conf", c.ConfigFile, "--id", m.Name, "--mkfs", "--monmap", monmap, "--keyring", c.path("initial.keyring"),
			})
			return err
		})
	}
	return group.Wait()
}

// makeOSDs registers the OSDs, makes their stores and starts them.
func (c *Cluster) makeOSDs(ctx context.Context) error {
	err := poll(ctx, "waiting for the monitors' quorum", func() (bool, error) {
		if err := c.failure(); err != nil {
			return false, err
		}
		var status struct{ State string }
		err := c.askDaemon(ctx, "mon.a", "mon_status", &status)
		return err == nil && (status.State == "leader" || status.State == "peon"), nil
	})
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		// Otherwise this module creates a pool as soon as there is an OSD.
		_, err := c.Ceph(ctx, "config", "set", "mgr", "mgr/devicehealth/enable_monitoring", "false", "--force")
		return err
	})
	group.Go(func() error { return c.allowBothKeyTypes(ctx) })
	ids := make([]string, c.OSDs)
	for i := range ids {
		ids[i] = uuid.NewString()
		// One after the other: the monitors number them in the order of the calls.
		if _, err := c.Ceph(ctx, "osd", "new", ids[i]); err != nil {
			return errors.Join(err, group.Wait())
		}
	}
	for i := range ids {
		group.Go(func() error {
			_, err := c.run(ctx, "", []string{
				"ceph-osd", "--conf", c.ConfigFile, "--id", strconv.Itoa(i), "--mkfs", "--osd-uuid", ids[i],
			})
			if err != nil {
				return err
			}
			return c.OSD(i).Start()
		})
	}
	return group.Wait()
}

// allowBothKeyTypes lets users have keys of the former type too, as in a cluster that was upgraded. Older releases know only that one.
func (c *Cluster) allowBothKeyTypes(ctx context.Context) error {
	const setting = "auth_allowed_ciphers"
	dump, err := c.Ceph(ctx, "mon", "dump", "--format", "json")
	if err != nil || !strings.Contains(string(dump), setting) {
		return err
	}
	_, err = c.Ceph(ctx, "mon", "set", setting, "aes,aes256k")
	return err
}

// usableTimeout bounds the waiting for a cluster that can be used, where the context has no deadline.
const usableTimeout = 3 * time.Minute

// WaitUsable returns when all OSDs are up and the manager is available.
func (c *Cluster) WaitUsable(ctx context.Context) error {
	ctx, cancel := bounded(ctx, usableTimeout)
	defer cancel()
	for i := range c.OSDs {
		err := poll(ctx, fmt.Sprintf("cluster %s: waiting for osd.%d", c.Name, i), func() (bool, error) {
			if err := c.failure(); err != nil {
				return false, err
			}
			var status struct{ State string }
			err := c.askDaemon(ctx, "osd."+strconv.Itoa(i), "status", &status)
			return err == nil && status.State == "active", nil
		})
		if err != nil {
			return err
		}
	}
	return poll(ctx, fmt.Sprintf("cluster %s: waiting for its manager", c.Name), func() (bool, error) {
		if err := c.failure(); err != nil {
			return false, err
		}
		output, err := c.Ceph(ctx, "status", "--format", "json")
		if err != nil {
			return false, ctx.Err() // the monitors may have no quorum yet
		}
		return isUsable(output, c.OSDs)
	})
}

// osdCounts are of the OSDs that are up and in.
type osdCounts struct {
	NumUp int `json:"num_up_osds"`
	NumIn int `json:"num_in_osds"`
}

// isUsable reports whether a status, as JSON, shows a manager and so many OSDs that are up and in.
func isUsable(text []byte, osds int) (bool, error) {
	var status struct {
		MgrMap struct{ Available bool }
		OSDMap struct {
			osdCounts
			OSDMap *osdCounts // up to nautilus there is one more level
		}
	}
	if err := json.Unmarshal(text, &status); err != nil {
		return false, err
	}
	counts := status.OSDMap.osdCounts
	if status.OSDMap.OSDMap != nil {
		counts = *status.OSDMap.OSDMap
	}
	return status.MgrMap.Available && counts.NumUp == osds && counts.NumIn == osds, nil
}

func (c *Cluster) failure() error {
	return each(c.daemons, (*Daemon).failure)
}

// readKey returns the first key of a keyring file.
func readKey(path string) (string, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(content)) {
		if name, value, ok := strings.Cut(line, "="); ok && strings.TrimSpace(name) == "key" {
			return strings.TrimSpace(value), nil
		}
	}
	return "", fmt.Errorf("the keyring %s holds no key", path)
}
