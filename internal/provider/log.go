package provider

import (
	"context"
	"os"
	"strings"

	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/calllog"
)

// LogLevelVariable is the environment variable with the level of the provider's own log lines. Its name is given by plugin-go.
const LogLevelVariable = "TF_LOG_PROVIDER_CEPH"

// terraformLog writes lines to Terraform's log: changes at the level DEBUG, reads at TRACE.
type terraformLog struct{}

// newLog returns nil where no line would be written, because tflog puts a line together before it checks the level.
func newLog() calllog.Sink {
	switch strings.ToUpper(os.Getenv(LogLevelVariable)) {
	case "OFF", "ERROR", "WARN", "INFO":
		return nil
	}
	return terraformLog{}
}

func (terraformLog) Enabled(ctx context.Context, change bool) bool {
	return change || tflog.IsTrace(ctx)
}

func (terraformLog) Write(ctx context.Context, change bool, message string, fields map[string]any) {
	if change {
		tflog.Debug(ctx, message, fields)
		return
	}
	tflog.Trace(ctx, message, fields)
}
