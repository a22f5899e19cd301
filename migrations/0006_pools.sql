ALTER TABLE `monitors` ADD `pools` text DEFAULT '[]' NOT NULL;
