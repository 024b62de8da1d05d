package provider_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
)

// noDial is for tests in which nothing may connect.
func noDial(context.Context, ceph.Config) (ceph.Conn, error) {
	return nil, errors.New("a test of the configuration has connected")
}

const (
	goodKey = "AQABAgMEBQYHCBAADQ4PEBESExQVFhcYGRobHA=="
	goodURI = "qemu+unix:///system"
)

func TestProviderBlockRefuses(t *testing.T) {
	cluster := func(argument string, value any, more ...block) block {
		entry := block{"mon_host": "192.0.2.1", argument: value}
		for _, b := range more {
			for k, v := range b {
				entry[k] = v
			}
		}
		return block{"clusters": block{"east": entry}}
	}
	hypervisor := func(argument string, value any) block {
		entry := block{"uri": goodURI}
		entry[argument] = value
		return block{"hypervisors": block{"kvm1": entry}}
	}
	option := func(name string) block { return cluster("options", block{name: "x"}) }
	for name, tc := range map[string]struct {
		config block
		at     string
		says   string
	}{
		"cluster label with a slash":    {block{"clusters": block{"dc1/east": block{"mon_host": "192.0.2.1"}}}, `"dc1/east"`, `without "/"`},
		"hypervisor label with a slash": {block{"hypervisors": block{"dc1/kvm1": block{"uri": goodURI}}}, `"dc1/kvm1"`, `without "/"`},
		"empty label":                   {block{"clusters": block{"": block{"mon_host": "192.0.2.1"}}}, "clusters", "not empty"},
		"neither mon_host nor config":   {block{"clusters": block{"east": block{"user": "admin"}}}, `"east"`, "mon_host"},
		"mon_host empty":                {cluster("mon_host", ""), "mon_host", "at least 1"},
		"config_file empty":             {cluster("config_file", ""), "config_file", "at least 1"},
		"user with its type":            {cluster("user", "client.admin"), "user", `Write the user's name without "client.": "admin".`},
		"user empty":                    {cluster("user", ""), "user", "at least 1"},
		"key not base64":                {cluster("key", "secret!"), "key", "not base64"},
		"key encoded twice": {
			cluster("key", "QVFBQkFnTUVCUVlIQ0JBQURRNFBFQkVTRXhRVkZoY1lHUm9iSEE9PQ=="), "key", "encoded to base64 twice",
		},
		"key is a keyring":         {cluster("key", "[client.admin]\n\tkey = "+goodKey), "key", "not the key alone"},
		"key with a line's end":    {cluster("key", goodKey+"\n"), "key", "white space"},
		"key empty":                {cluster("key", ""), "key", "It is empty"},
		"key and keyring_file":     {cluster("key", goodKey, block{"keyring_file": "/srv/keyring"}), "key", "keyring_file"},
		"keyring_file empty":       {cluster("keyring_file", ""), "keyring_file", "at least 1"},
		"fsid":                     {cluster("fsid", "east"), "fsid", `"east" is not a UUID`},
		"option key":               {option("key"), "options", `The option "key" can't be set here`},
		"option keyring":           {option("keyring"), "options", "keyring"},
		"option keyfile":           {option("keyfile"), "options", "keyfile"},
		"option log_file":          {option("log_file"), "options", "log_file"},
		"option log file":          {option("log file"), "options", `"log file"`},
		"option log  file, spaced": {option(" log  file "), "options", "log  file"},
		"option admin-socket":      {option("admin-socket"), "options", "admin-socket"},
		"option debug_ms":          {option("debug_ms"), "options", "debug_ms"},
		"option debug-ms":          {option("debug-ms"), "options", "debug-ms"},
		"option debug ms":          {option("debug ms"), "options", "debug ms"},
		"option log_to_stderr":     {option("log_to_stderr"), "options", "log_to_stderr"},
		"option with an argument": {option("rados_osd_op_timeout"), "options", `The option "rados_osd_op_timeout" has an argument of its` +
			` own. Set operation_timeout instead.`},
		"option mon host":                {option("mon host"), "options", `Set mon_host instead.`},
		"cluster connect_timeout":        {cluster("connect_timeout", "soon"), "connect_timeout", `"soon" is not a positive duration`},
		"cluster connect_timeout plain":  {cluster("connect_timeout", "30"), "connect_timeout", `"30" is not a positive duration`},
		"cluster connect_timeout zero":   {cluster("connect_timeout", "0s"), "connect_timeout", "not a positive duration"},
		"cluster connect_timeout minus":  {cluster("connect_timeout", "-5s"), "connect_timeout", "not a positive duration"},
		"cluster connect_timeout part":   {cluster("connect_timeout", "1500ms"), "connect_timeout", "not a whole number of seconds"},
		"cluster operation_timeout part": {cluster("operation_timeout", "1.5s"), "operation_timeout", "not a whole number of seconds"},
		"uri missing": {
			block{"hypervisors": block{"kvm1": block{"host_uuid": "6a085c23-2177-242d-7661-c785df7f6230"}}}, `"kvm1"`, "uri",
		},
		"uri empty":                  {hypervisor("uri", ""), "uri", "it is empty"},
		"uri of another driver":      {hypervisor("uri", "xen:///system"), "uri", "only the QEMU driver"},
		"uri with unknown transport": {hypervisor("uri", "qemu+http://kvm1.example.net/system"), "uri", `transport "http" is not supported`},
		"uri mode=direct": {
			hypervisor("uri", "qemu+ssh://kvm1.example.net/system?mode=direct"), "uri", "mode=direct is not supported",
		},
		"uri with unknown parameter":   {hypervisor("uri", "qemu+unix:///system?sockett=/x"), "uri", `no parameter "sockett"`},
		"uri with a host on unix":      {hypervisor("uri", "qemu+unix://kvm1.example.net/system"), "uri", "three slashes"},
		"uri without path":             {hypervisor("uri", "qemu+ssh://kvm1.example.net"), "uri", "/system or /session"},
		"host_uuid":                    {hypervisor("host_uuid", "kvm1"), "host_uuid", `"kvm1" is not a UUID`},
		"hypervisor connect_timeout":   {hypervisor("connect_timeout", "1 minute"), "connect_timeout", "not a positive duration"},
		"hypervisor operation_timeout": {hypervisor("operation_timeout", "0"), "operation_timeout", "not a positive duration"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, noDial)
			text := errorsIn(s.validate(tc.config))
			if !strings.Contains(text, tc.at) || !strings.Contains(text, tc.says) {
				t.Errorf("at %s no %q in: %s", tc.at, tc.says, text)
			}
			if key, _ := tc.config["key"].(string); key != "" && strings.Contains(text, key) {
				t.Errorf("the message holds the key: %s", text)
			}
		})
	}
}

func TestProviderBlockAccepts(t *testing.T) {
	for name, config := range map[string]block{
		"nothing": {},
		"all": {
			"clusters": block{
				"east": block{
					"mon_host": "[v2:192.0.2.1:3300,v1:192.0.2.1:6789]", "user": "terraform", "key": goodKey,
					"fsid":    "6A085C23-2177-242d-7661-c785df7f6230",
					"options": block{"ms_mode": "secure", "rbd_cache": "false"}, "connect_timeout": "5s", "operation_timeout": "1m30s",
				},
				"west": block{"config_file": "/srv/west.conf", "keyring_file": "/srv/west.keyring"},
			},
			"hypervisors": block{"kvm1": block{
				"uri":             "qemu+ssh://root@kvm1.example.net/system?socket=/run/libvirt/virtqemud-sock",
				"host_uuid":       "6a085c23-2177-242d-7661-c785df7f6230",
				"connect_timeout": "1500ms", "operation_timeout": "90s", "allow_plaintext": true,
			}},
		},
		"unknown maps": {"clusters": unknown, "hypervisors": unknown},
		"unknown values": {"clusters": block{"east": block{
			"mon_host": unknown, "key": unknown, "user": unknown, "fsid": unknown,
			"options": unknown,
		}}, "hypervisors": block{"kvm1": block{"uri": unknown, "host_uuid": unknown}}},
		"unknown entry": {"clusters": block{"east": unknown}},
	} {
		t.Run(name, func(t *testing.T) { newServer(t, noDial).configure(config) })
	}
}
