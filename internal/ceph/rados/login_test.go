//go:build cgo

package rados_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// plainKeyrings are those that Ceph refuses as a whole, because of what is beside the key.
var plainKeyrings = []string{
	"malformed entry of another", "no type in another", "no last newline", "section indented", "text after the section", "unknown line",
	"text",
}

// Keyrings as people write them; KEY is the key that works. Whether one can be used ceph-authtool says, on each.
var keyrings = map[string]string{
	"as written by ceph":         "[client.admin]\n\tkey = KEY\n\tcaps mon = \"allow *\"\n",
	"no last newline":            "[client.admin]\n\tkey = KEY",
	"comments":                   "# head\n; head\n[client.admin] # c\n# c\n\tkey = KEY # comment\n",
	"semicolons":                 "[client.admin] ; c\n\tkey = KEY ; comment\n",
	"comment without space":      "[client.admin]\n\tkey = KEY#comment\n",
	"double quotes":              "[client.admin]\n\tkey = \"KEY\" # c\n",
	"single quotes":              "[client.admin]\n\tkey = 'KEY'\n",
	"going on in the next line":  "[client.admin]\n\tkey = \\\nKEY\n",
	"broken in the middle":       "[client.admin]\n\tkey = KE\\\nY\n",
	"broken and indented":        "[client.admin]\n\tkey = KE\\\n  Y\n",
	"backslash at the end":       "[client.admin]\nkey = KEY \\\n\n",
	"escaped":                    "[client.admin]\nkey = KE\\Y\n",
	"lines of Windows":           "[client.admin]\r\n\tkey = KEY\r\n",
	"white space everywhere":     "[client.admin]\t\n\t \tkey\t = \t KEY\t\n\n\n",
	"no white space":             "[client.admin]\nkey=KEY\n",
	"section twice":              "[client.admin]\nkey = OTHER\n[client.admin]\nkey = KEY\n",
	"key twice":                  "[client.admin]\nkey = OTHER\nkey = KEY\n",
	"several entities":           "[mon.]\nkey = OTHER\n[client.other]\nkey = OTHER\n[client.admin]\nkey = KEY\ncaps osd = allow r, allow w\n",
	"auid":                       "[client.admin]\nauid = 0\nkey = KEY\n",
	"more words":                 "[client.admin]\nkey = KEY more\n",
	"section indented":           "\t[client.admin]\n\tkey = KEY\n",
	"section with spaces":        "[ client.admin ]\nkey = KEY\n",
	"text after the section":     "[client.admin] text\nkey = KEY\n",
	"another letter case":        "[client.admin]\nKEY_ = KEY\n",
	"unknown line":               "[client.admin]\nfoo = bar\nkey = KEY\n",
	"text":                       "[client.admin]\ntext\nkey = KEY\n",
	"before the section":         "key = KEY\n[client.admin]\n",
	"malformed entry of another": "[client.other]\nkey = junk\n[client.admin]\nkey = KEY\n",
	"no type in another":         "[admin]\nkey = KEY\n[client.admin]\nkey = KEY\n",
	"quote in the middle":        "[client.admin]\nkey = \"KE\"Y\n",
	"without a key":              "[client.admin]\ncaps mon = \"allow *\"\n",
	"another user":               "[client.other]\nkey = KEY\n",
	"empty":                      "",
	"JSON":                       "{\"key\": \"KEY\"}\n",
	"overruled by a strange one": "[client.admin]\nkey = KEY\nkey = OTHER\n",
	"not a key":                  "[client.admin]\nkey = %%%\n",
}

func TestKeyringsAsCephReadsThem(t *testing.T) {
	needBed(t)
	c := bed.Cluster("east")
	for name, text := range keyrings {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "keyring")
			half := len(c.AdminKey) / 2
			text = strings.NewReplacer("KEY_", "KEY", "KEY", c.AdminKey, "KE\\", c.AdminKey[:half]+"\\", "KE\"", c.AdminKey[:half]+"\"", "Y\n",
				c.AdminKey[half:]+"\n", "OTHER", strangeKey).Replace(text)
			expect.NoError(t, os.WriteFile(path, []byte(text), 0o600))
			shown, _ := exec.CommandContext(limited(t), "ceph-authtool", path, "-n", "client.admin", "-p").Output()
			taken := strings.TrimSpace(string(shown)) == c.AdminKey
			conf := filepath.Join(t.TempDir(), "east.conf")
			expect.NoError(t, os.WriteFile(conf, []byte("[global]\nmon_host = "+c.MonHost+"\nkeyring = "+path+"\n"), 0o600))
			for how, cfg := range map[string]ceph.Config{
				"keyring_file": {MonHost: c.MonHost, KeyringFile: path},
				"config_file":  {ConfigFile: conf},
			} {
				cfg.Label = "east"
				_, err := connect(t, cfg).FSID(limited(t))
				// What Ceph can't read beside the key doesn't matter where librados doesn't read the file.
				taken := taken || how == "keyring_file" && slices.Contains(plainKeyrings, name)
				if (err == nil) != taken || problem.Is(err, problem.Unreachable) {
					t.Errorf("%s: ceph-authtool takes it: %v, we: %v", how, taken, err)
				}
				if err != nil && strings.Contains(err.Error(), c.AdminKey) {
					t.Error("the error holds the key")
				}
			}
		})
	}
}

// A ceph.conf leads to the keyring to which it leads the ceph command, by whatever variable; another cluster's key lies where a
// wrong cluster name would lead.
func TestKeyringOfConfigAsCephFindsIt(t *testing.T) {
	needBed(t)
	c := bed.Cluster("east")
	for name, test := range map[string]struct {
		file    string
		keyring string // option
		holds   []string
		strange string // a file with another key
	}{
		"cluster and name":         {"west.conf", "$cluster.$name.keyring", []string{"west.client.admin.keyring"}, "ceph.client.admin.keyring"},
		"braces":                   {"west.conf", "${cluster}-${type}-${id}", []string{"west-client-admin"}, "ceph-client-admin"},
		"another extension":        {"west.ini", "$cluster.keyring", []string{"ceph.keyring"}, "west.keyring"},
		"no extension":             {"west", "$cluster.keyring", []string{"ceph.keyring"}, "west.keyring"},
		"two dots":                 {"a.b.conf", "$cluster.keyring", []string{"a.b.keyring"}, "a.keyring"},
		"host":                     {"west.conf", "$host.keyring", []string{"HOST.keyring"}, "host.keyring"},
		"the first that is there":  {"west.conf", "none.keyring,DIR/west.keyring;DIR/later.keyring", []string{"west.keyring"}, "later.keyring"},
		"with spaces":              {"west.conf", "my own=west.keyring", []string{"my own=west.keyring"}, "west.keyring"},
		"the first, without a key": {"west.conf", "empty.keyring,DIR/west.keyring", []string{"west.keyring"}, "empty.keyring"},
		"that of a section":        {"west.conf", "none\n[client]\nkeyring = DIR/$cluster.keyring\n", []string{"west.keyring"}, "ceph.keyring"},
		"that of the user's section": {
			"west.conf", "none\n[client.admin]\nkeyring = DIR/$cluster.keyring\n",
			[]string{"west.keyring"},
			"ceph.keyring",
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			host, err := os.Hostname()
			expect.NoError(t, err)
			write := func(file, text string) string {
				path := filepath.Join(dir, strings.ReplaceAll(file, "HOST", host))
				expect.NoError(t, os.WriteFile(path, []byte(text), 0o600))
				return path
			}
			for _, file := range test.holds {
				write(file, "[client.admin]\n\tkey = "+c.AdminKey+"\n")
			}
			if test.strange == "empty.keyring" {
				write(test.strange, "[client.other]\n\tkey = "+strangeKey+"\n")
			} else {
				write(test.strange, "[client.admin]\n\tkey = "+strangeKey+"\n")
			}
			conf := write(test.file, "[global]\nmon_host = "+c.MonHost+"\nkeyring = "+dir+"/"+strings.ReplaceAll(test.keyring, "DIR", dir)+"\n")
			cmd := exec.CommandContext(limited(t), "ceph", "-c", conf, "--connect-timeout", "30", "fsid")
			out, cephErr := cmd.Output()
			fsid, err := connect(t, ceph.Config{Label: "east", ConfigFile: conf}).FSID(limited(t))
			if (err == nil) != (cephErr == nil) || err == nil && fsid != strings.TrimSpace(string(out)) {
				t.Errorf("ceph: %s %v; we: %q, %v", out, cephErr, fsid, err)
			}
			if problem.Is(err, problem.Unreachable) {
				t.Error(err)
			}
		})
	}
	// Where no option leads to a keyring, the default names do, with the name of the cluster.
	bare := filepath.Join(t.TempDir(), "nobodys.conf")
	expect.NoError(t, os.WriteFile(bare, []byte("[global]\nmon_host = "+c.MonHost+"\n"), 0o600))
	_, err := connect(t, ceph.Config{Label: "east", ConfigFile: bare}).FSID(limited(t))
	expect.Problem(t, err, problem.Invalid, "/etc/ceph/nobodys.client.admin.keyring")
}

// A key or a user that the monitors refuse is told as refused, however the monitors are written; a port on which none of them
// listens is told as not answering.
func TestRefusedLoginByAddress(t *testing.T) {
	needBed(t)
	m := bed.Cluster("east").Monitors[0]
	v1, v2 := fmt.Sprintf("%s:%d", m.Host, m.V1Port), fmt.Sprintf("%s:%d", m.Host, m.V2Port)
	conf := filepath.Join(t.TempDir(), "east.conf")
	expect.NoError(t, os.WriteFile(conf, []byte("[global]\nmon_host = "+v2+"\n"), 0o600))
	for name, cfg := range map[string]ceph.Config{
		"port of v2":                  {MonHost: v2},
		"port of v1":                  {MonHost: v1},
		"both ports":                  {MonHost: v1 + "," + v2},
		"one of them does not answer": {MonHost: "127.0.0.1:1, " + v2},
		"v2":                          {MonHost: "v2:" + v2},
		"v1":                          {MonHost: "v1:" + v1},
		"brackets":                    {MonHost: "[v2:" + v2 + ",v1:" + v1 + "]"},
		"brackets, one":               {MonHost: "[v2:" + v2 + "]"},
		"ceph.conf":                   {ConfigFile: conf},
		"other user":                  {MonHost: v2, User: "nobody"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg.Label, cfg.Key, cfg.ConnectTimeout = "east", strange, 10*time.Second
			_, err := connect(t, cfg).FSID(limited(t))
			expect.Problem(t, err, problem.Denied, "refuse", "client.")
		})
	}
	noMonitor := ceph.Config{Label: "east", MonHost: "127.0.0.1:1,v2:127.0.0.1:1", Key: strange, ConnectTimeout: time.Second}
	_, err := connect(t, noMonitor).FSID(limited(t))
	expect.Problem(t, err, problem.Unreachable, "127.0.0.1:1")
}

// A cluster without cephx needs no key where the client is configured for it, and takes one all the same; pools and images are
// managed there as elsewhere.
func TestLoginWithoutCephx(t *testing.T) {
	needBed(t)
	c := bed.Cluster("west")
	conf := filepath.Join(t.TempDir(), "west.conf")
	expect.NoError(t, os.WriteFile(conf, []byte("[global]\nmon_host = "+c.MonHost+"\nauth_client_required = none\n"), 0o600))
	for name, cfg := range map[string]ceph.Config{
		"option":      {MonHost: c.MonHost, Options: map[string]string{"auth_client_required": "none"}},
		"config-file": {ConfigFile: conf},
		"a-key":       {MonHost: c.MonHost, Key: strange},
	} {
		cfg.Label = "west"
		cluster := connect(t, cfg)
		newPool(t, cluster, name)
		_, err := cluster.CreateImage(limited(t), ceph.ImageSpec{ImageRef: ceph.ImageRef{Pool: name, Name: "i"}, SizeBytes: 1 << 20})
		expect.NoError(t, err)
		if names := rbd(t, c, "ls", name); names != "i" {
			t.Errorf("%s: rbd lists %q", name, names)
		}
	}
	_, err := connect(t, ceph.Config{Label: "west", MonHost: c.MonHost}).FSID(limited(t))
	expect.Problem(t, err, problem.Invalid, "No key is given.", "auth_client_required")
}
