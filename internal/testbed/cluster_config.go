package testbed

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// neededModules are the manager's modules that Ceph cannot run without. The others are disabled, since they cost seconds at each
// start.
var neededModules = []string{
	"balancer", "crash", "devicehealth", "orchestrator", "pg_autoscaler", "progress", "rbd_support", "status", "telemetry", "volumes",
}

const moduleFolder = "/usr/share/ceph/mgr"

// config returns the text of the cluster's ceph.conf.
func (c *Cluster) config() (string, error) {
	disabled, err := unneededModules()
	if err != nil {
		return "", err
	}
	global := map[string]string{
		"fsid":                      c.FSID,
		"mon_host":                  c.MonHost,
		"auth_cluster_required":     "cephx",
		"auth_service_required":     "cephx",
		"auth_client_required":      "cephx",
		"ms_bind_ipv4":              fmt.Sprint(!c.options.IPv6),
		"ms_bind_ipv6":              fmt.Sprint(c.options.IPv6),
		"run_dir":                   c.path("run"),
		"crash_dir":                 c.path("crash"),
		"mon_data":                  c.path("mon.$id"),
		"mgr_data":                  c.path("mgr.$id"),
		"osd_data":                  c.path("osd.$id"),
		"log_to_stderr":             "false",
		"err_to_stderr":             "true",
		"osd_pool_default_size":     fmt.Sprint(c.OSDs),
		"osd_pool_default_min_size": "1",
		"osd_pool_default_pg_num":   "8",
		"osd_crush_chooseleaf_type": "0", // copies may share this one host
		// Tests make many small pools on few OSDs.
		"mon_max_pg_per_osd": "2000",
		// Tests also run on a machine with little free disk space.
		"mon_data_avail_warn":                            "1",
		"mon_data_avail_crit":                            "0",
		"mon_allow_pool_delete":                          "true",
		"mon_allow_pool_size_one":                        "true",
		"mon_osd_min_down_reporters":                     "1",
		"mgr_initial_modules":                            "",
		"mgr_disabled_modules":                           disabled,
		"mon_cluster_log_to_file":                        "false",
		"mon_warn_on_pool_no_app":                        "false",
		"mon_warn_on_pool_pg_num_not_power_of_two":       "false",
		"mon_warn_on_pool_no_redundancy":                 "false",
		"mon_warn_on_insecure_global_id_reclaim_allowed": "false",
		"auth_allow_insecure_global_id_reclaim":          "false",
		"mon_election_timeout":                           "1",
	}
	if !c.options.DefaultIntervals {
		global["paxos_propose_interval"] = "0.01"
		global["paxos_min_wait"] = "0.01"
	}
	maps.Copy(global, c.options.Config)

	osd := map[string]string{"osd_objectstore": string(c.Store)}
	switch c.Store {
	case MemStore:
		// A fast shutdown would lose the data in memory.
		osd["osd_fast_shutdown"] = "false"
		osd["memstore_device_bytes"] = "4294967296"
	case BlueStore:
		osd["bluestore_block_size"] = "4294967296" // a sparse file
		osd["bluestore_cache_autotune"] = "false"
		osd["bluestore_cache_size"] = "67108864"
		osd["bdev_enable_discard"] = "false"
	}
	var text strings.Builder
	writeSection(&text, "global", global)
	for _, kind := range []string{"mon", "mgr", "osd"} {
		settings := map[string]string{
			"admin_socket": c.path("run", "$name.asok"),
			"log_file":     c.path("log", "$name.log"),
			"keyring":      c.path("$type.$id", "keyring"),
		}
		if kind != "mon" {
			settings["public_addr"] = c.Monitors[0].Host
		}
		if kind == "osd" {
			maps.Copy(settings, osd)
		}
		writeSection(&text, kind, settings)
	}
	writeSection(&text, "client", map[string]string{"keyring": c.KeyringFile, "admin_socket": "", "log_file": ""})
	return text.String(), nil
}

func writeSection(text *strings.Builder, name string, settings map[string]string) {
	fmt.Fprintf(text, "[%s]\n", name)
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		fmt.Fprintf(text, "%s = %s\n", key, settings[key])
	}
}

func unneededModules() (string, error) {
	entries, err := os.ReadDir(programFile(moduleFolder))
	if err != nil {
		return "", fmt.Errorf("can't list the manager's modules (package ceph-mgr-modules-core): %w", err)
	}
	var names []string
	for _, entry := range entries {
		_, err := os.Stat(filepath.Join(programFile(moduleFolder), entry.Name(), "module.py"))
		if err == nil && !slices.Contains(neededModules, entry.Name()) {
			names = append(names, entry.Name())
		}
	}
	return strings.Join(names, ","), nil
}
