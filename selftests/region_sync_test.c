// SPDX-License-Identifier: GPL-2.0
/*
 * Locks and semaphores in a region, across processes that map it at addresses
 * of their own: as in any shared memory.
 */
#include <pthread.h>
#include <semaphore.h>
#include <sys/mman.h>

#include "mbox_test_util.h"

struct shared {
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	sem_t sem;
	int counter;
};

FIXTURE(region_sync) {
	int dev;
	char *name;
	struct shared *shared;
	struct mt_child child;
};

static struct shared *map_shared(int dev, const char *name)
{
	int fd = mt_open(dev, name, MT_RW);
	void *map = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE,
			 MAP_SHARED, fd, 0);

	close(fd);
	return map == MAP_FAILED ? NULL : map;
}

static void init_shared(struct shared *shared)
{
	pthread_mutexattr_t mutex;
	pthread_condattr_t cond;

	pthread_mutexattr_init(&mutex);
	pthread_mutexattr_setpshared(&mutex, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&mutex, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&shared->mutex, &mutex);
	pthread_condattr_init(&cond);
	pthread_condattr_setpshared(&cond, PTHREAD_PROCESS_SHARED);
	pthread_cond_init(&shared->cond, &cond);
	sem_init(&shared->sem, 1, 0);
}

FIXTURE_SETUP(region_sync)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->name = mt_name("sync");
	close(mt_region(self->dev, self->name, MT_RW, sizeof(struct shared)));
	self->shared = map_shared(self->dev, self->name);
	ASSERT_NE(NULL, self->shared);
	init_shared(self->shared);
}

FIXTURE_TEARDOWN(region_sync)
{
	munmap(self->shared, sizeof(struct shared));
	if (_metadata->passed)
		EXPECT_EQ(0, mt_unlink(self->dev, self->name));
	MT_TEARDOWN(self->dev);
}

/* Fork a child that maps the region at another address. */
#define FORK() ({							\
	pid_t __pid = mt_fork(&self->child, NULL);			\
									\
	if (!__pid) {							\
		struct shared *__parents = self->shared;		\
									\
		self->shared = map_shared(self->dev, self->name);	\
		ASSERT_NE(NULL, self->shared);				\
		ASSERT_NE(__parents, self->shared);			\
		munmap(__parents, sizeof(*__parents));			\
	}								\
	__pid;								\
})

TEST_F(region_sync, mutex)
{
	pid_t pid = FORK();
	int i;

	for (i = 0; i < 20000; i++) {
		ASSERT_EQ(0, pthread_mutex_lock(&self->shared->mutex));
		self->shared->counter++;
		ASSERT_EQ(0, pthread_mutex_unlock(&self->shared->mutex));
	}
	if (!pid)
		MT_CHILD_EXIT();
	EXPECT_EQ(0, mt_child_end(&self->child));
	EXPECT_EQ(40000, self->shared->counter);
}

static void *lock_it(void *arg)
{
	struct shared *shared = arg;

	shared->counter = mt_gettid();
	return (void *)(long)pthread_mutex_lock(&shared->mutex);
}

/* One who waits for the lock of a process that is killed gets it. */
TEST_F(region_sync, robust_mutex)
{
	struct shared *shared = self->shared;
	pthread_t thread;
	void *ret;

	if (!FORK()) {
		pthread_mutex_lock(&self->shared->mutex);
		mt_tell(self->child.sock, 1);
		pause();
	}
	ASSERT_EQ(1, mt_hear(self->child.sock));
	EXPECT_EQ(EBUSY, pthread_mutex_trylock(&shared->mutex));
	pthread_create(&thread, NULL, lock_it, shared);
	ASSERT_TRUE(MT_UNTIL(shared->counter &&
			     mt_is_blocked(shared->counter, __NR_futex)));
	mt_child_kill(&self->child);
	pthread_join(thread, &ret);
	EXPECT_EQ(EOWNERDEAD, (long)ret);
}

/* And so does one who comes afterwards; made consistent, it is as new. */
TEST_F(region_sync, robust_mutex_of_the_dead)
{
	pthread_mutex_t *mutex = &self->shared->mutex;

	if (!FORK()) {
		pthread_mutex_lock(&self->shared->mutex);
		_exit(0);
	}
	EXPECT_EQ(0, mt_child_end(&self->child));
	ASSERT_EQ(EOWNERDEAD, pthread_mutex_lock(mutex));
	EXPECT_EQ(0, pthread_mutex_consistent(mutex));
	EXPECT_EQ(0, pthread_mutex_unlock(mutex));
	EXPECT_EQ(0, pthread_mutex_lock(mutex));
	EXPECT_EQ(0, pthread_mutex_unlock(mutex));
}

TEST_F(region_sync, semaphore)
{
	int i;

	if (!FORK()) {
		for (i = 0; i < 5; i++) {
			EXPECT_EQ(0, sem_wait(&self->shared->sem));
			mt_tell(self->child.sock, i);
		}
		MT_CHILD_EXIT();
	}
	for (i = 0; i < 5; i++) {
		ASSERT_TRUE(MT_UNTIL(mt_is_blocked(self->child.pid,
						   __NR_futex)));
		ASSERT_EQ(0, sem_post(&self->shared->sem));
		ASSERT_EQ(i, mt_hear(self->child.sock));
	}
	EXPECT_EQ(0, mt_child_end(&self->child));
}

TEST_F(region_sync, condition)
{
	struct shared *shared = self->shared;

	if (!FORK()) {
		shared = self->shared;
		pthread_mutex_lock(&shared->mutex);
		while (!shared->counter)
			pthread_cond_wait(&shared->cond, &shared->mutex);
		pthread_mutex_unlock(&shared->mutex);
		MT_CHILD_EXIT();
	}
	ASSERT_TRUE(MT_UNTIL(mt_is_blocked(self->child.pid, __NR_futex)));
	pthread_mutex_lock(&shared->mutex);
	shared->counter = 1;
	pthread_cond_signal(&shared->cond);
	pthread_mutex_unlock(&shared->mutex);
	EXPECT_EQ(0, mt_child_end(&self->child));
}

TEST_HARNESS_MAIN
