package javalog

import (
	"fmt"
	"strings"
)

// A scene is one log statement of the service: everything of a line that does
// not change from one time to the next is formatted once.
type scene struct {
	level   string // "  INFO 1 --- ["
	pool    *pool
	logger  string // "] ", the name in 40 columns, " : "
	message template
}

// A pool is a set of threads that run through the same frames.
type pool struct {
	threads []string // 15 bytes each
	frames  []string // innermost first, down to Thread.run
}

// scene picks the next statement, and whether a stack trace follows. Of a
// thousand events 790 are INFO, 120 DEBUG, 60 WARN and 30 ERROR; about 25 have
// a trace.
func (g *Generator) scene() (s *scene, traced bool) {
	switch n := g.below(1000); {
	case n < 790:
		return &infos[g.below(len(infos))], false
	case n < 910:
		return &debugs[g.below(len(debugs))], false
	case n < 970:
		return &warnings[g.below(len(warnings))], n < 914
	default:
		return &failures[g.below(len(failures))], n < 991
	}
}

// Spring Boot's default pattern shows the thread in 15 columns, cut on the
// left, and the logger in 40, with its packages shortened first.
const (
	threadColumns = 15
	loggerColumns = 40
	loggerTarget  = 39
)

func newScene(level string, p *pool, logger, message string) scene {
	return scene{
		level:   fmt.Sprintf(" %5s 1 --- [", level),
		pool:    p,
		logger:  fmt.Sprintf("] %-*s : ", loggerColumns, lastBytes(abbreviate(logger), loggerColumns)),
		message: compile(message),
	}
}

// abbreviate shortens packages to their first letter, from the left, until the
// name fits, as logback's %logger{39} does.
func abbreviate(name string) string {
	segments := strings.Split(name, ".")
	length := len(name)
	for i := 0; i < len(segments)-1 && length > loggerTarget; i++ {
		length -= len(segments[i]) - 1
		segments[i] = segments[i][:1]
	}
	return strings.Join(segments, ".")
}

func lastBytes(s string, n int) string {
	if len(s) > n {
		return s[len(s)-n:]
	}
	return s
}

// newPool names n threads by a format that takes their number.
func newPool(format string, n int, frames []string) *pool {
	p := &pool{threads: make([]string, n), frames: frames}
	for i := range p.threads {
		name := fmt.Sprintf(format, i+1)
		p.threads[i] = fmt.Sprintf("%*s", threadColumns, lastBytes(name, threadColumns))
	}
	return p
}

var (
	web       = newPool("http-nio-9090-exec-%d", 120, webFrames)
	async     = newPool("task-%d", 16, taskFrames)
	workers   = newPool("pool-3-thread-%d", 24, taskFrames)
	consumer  = newPool("org.springframework.kafka.KafkaListenerEndpointContainer#0-%d-C-1", 6, consumerFrames)
	scheduler = newPool("scheduling-%d", 4, taskFrames)
	discovery = newPool("DiscoveryClient-CacheRefreshExecutor-%d", 2, taskFrames)
	hikari    = newPool("HikariPool-%d housekeeper", 2, taskFrames)
)
