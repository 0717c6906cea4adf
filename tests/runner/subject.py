"""One Go program that ends, or fails to end, in every way of the facts tables A and C."""

from __future__ import annotations

SUBJECT = r"""package main

import (
	"log"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/coverage"
	"strings"
	"syscall"
	"time"
)

func wait(signals ...os.Signal) {
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, signals...)
	log.Print("begun")
	<-ended
}

func forever() {
	log.Print("begun")
	for {
		time.Sleep(time.Hour)
	}
}

func again(how string, env ...string) *exec.Cmd {
	child := exec.Command("/proc/self/exe", how)
	child.Env, child.Stderr = env, os.Stderr
	if err := child.Start(); err != nil {
		log.Fatal(err)
	}
	return child
}

func main() {
	dir := os.Getenv("GOCOVERDIR")
	switch os.Args[1] {
	case "handle":
		wait(syscall.SIGTERM)
	case "deaf":
		forever()
	case "still":
		time.Sleep(time.Hour)
	case "interrupt":
		wait(os.Interrupt)
	case "ignore":
		signal.Ignore(syscall.SIGTERM)
		forever()
	case "slow":
		wait(syscall.SIGTERM)
		time.Sleep(5 * time.Second)
	case "panic":
		panic("lost")
	case "panic-goroutine":
		go panic("lost")
		time.Sleep(time.Hour)
	case "nil":
		var place *int
		*place = 1
	case "log.Panic":
		log.Panic("lost")
	case "map":
		shared := map[int]int{}
		for range 8 {
			go func() {
				for {
					shared[1]++
				}
			}()
		}
		time.Sleep(time.Hour)
	case "deadlock":
		select {}
	case "goexit":
		runtime.Goexit()
	case "quit":
		syscall.Kill(os.Getpid(), syscall.SIGQUIT)
		time.Sleep(time.Hour)
	case "abort":
		syscall.Kill(os.Getpid(), syscall.SIGABRT)
		time.Sleep(time.Hour)
	case "kill":
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		time.Sleep(time.Hour)
	case "syscall.Exit":
		syscall.Exit(0)
	case "exec":
		log.Fatal(syscall.Exec("/bin/true", []string{"true"}, os.Environ()))
	case "reraise":
		wait(syscall.SIGTERM)
		signal.Reset(syscall.SIGTERM)
		syscall.Kill(os.Getpid(), syscall.SIGTERM)
		time.Sleep(time.Hour)
	case "chdir":
		os.Chdir("/")
	case "remove":
		os.RemoveAll(dir)
	case "chmod":
		os.Chmod(dir, 0o555)
	case "chroot":
		syscall.Chroot("/proc")
	case "clean":
		files, _ := filepath.Glob(dir + "/cov*")
		for _, file := range files {
			os.Remove(file)
		}
	case "snapshot":
		if err := coverage.WriteCountersDir(dir); err != nil {
			log.SetFlags(0)
			log.Print(err)
		}
		forever()
	case "unset":
		again("exit", "GOCOVERDIR=").Wait()
		wait(syscall.SIGTERM)
	case "orphan":
		again("still", "GOCOVERDIR="+dir)
		time.Sleep(200 * time.Millisecond)
		wait(syscall.SIGTERM)
	case "child":
		again("exit", "GOCOVERDIR="+dir).Wait()
		wait(syscall.SIGTERM)
	case "exit":
		os.Exit(0)
	case "exit-goroutine":
		go os.Exit(0)
		time.Sleep(time.Hour)
	case "recover":
		defer os.Exit(0)
		defer recover()
		panic("found again")
	case "clearenv":
		os.Clearenv()
	case "close":
		for number := 3; number < 64; number++ {
			syscall.Close(number)
		}
	case "say":
		log.Print(strings.Join(os.Args[2:], " "))
		wait(syscall.SIGTERM)
	}
}
"""
