package serve

import (
	"cmp"
	"strings"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/provider"
)

// setLogLevels sets each level that isn't set to that of TF_LOG_PROVIDER, or else of TF_LOG, or else to off. Without a level plugin-go
// and the framework write every line, even if nobody reads it.
func setLogLevels(get func(string) string, set func(name, level string)) {
	level := cmp.Or(get("TF_LOG_PROVIDER"), get("TF_LOG"), "off")
	if strings.EqualFold(level, "json") {
		level = "trace"
	}
	for _, name := range []string{"TF_LOG_SDK", "TF_LOG_SDK_PROTO", "TF_LOG_SDK_FRAMEWORK", provider.LogLevelVariable} {
		if get(name) == "" {
			set(name, level)
		}
	}
}
